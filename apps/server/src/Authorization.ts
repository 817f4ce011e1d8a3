/**
 * Holds every request to the annotations of its endpoint: who may call it, how often, and what is written of it.
 *
 * The one place where requests are let in. A request that fails here was not read beyond its headers.
 *
 * @since 0.1.0
 */
import { Access, AccessError, ApiError, Idempotency } from "@millrace/api"
import { ServiceStorage, Storage } from "@millrace/storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Audit from "./Audit.ts"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"
import { KeyRing } from "./KeyRing.ts"
import * as Principal from "./Principal.ts"
import * as RateLimit from "./RateLimit.ts"
import * as StorageFailure from "./StorageFailure.ts"

/**
 * The limits of callers.
 *
 * **Details**
 *
 * `requests` holds for each key and for each address. `failures`: how many requests with a wrong key an address may
 * send before all of its requests are refused for a while.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  readonly requests: RateLimit.Limit
  readonly failures: RateLimit.Limit
}

/**
 * The authorization as middleware of the contract.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  limits: Limits
): Layer.Layer<Access.Authorization, never, KeyRing | Storage.Storage | ServiceStorage.ServiceStorage> =>
  Layer.effect(
    Access.Authorization,
    Effect.gen(function*() {
      const ring = yield* KeyRing
      const audit = Audit.make(yield* Storage.Storage, (yield* ServiceStorage.ServiceStorage).audit)
      const gate = makeGate(ring, limits)
      return Access.Authorization.of({
        apiKey: (endpoint, options) =>
          Effect.gen(function*() {
            const request = yield* HttpServerRequest.HttpServerRequest
            const address = Option.getOrNull(request.remoteAddress)
            const rules = rulesOf(options)
            const { params } = yield* HttpRouter.RouteContext
            const entry = yield* gate(options.credential, address, { ...rules, queues: Object.values(params) })
            if (HttpServerResponse.isHttpServerResponse(entry)) return entry
            const answer = as(entry, endpoint)
            return request.method === "GET" || request.method === "HEAD" || rules.scope === "public"
              ? yield* answer
              : yield* audit(recordedOf(rules, request), answer, { principal: entry, action: rules.action, address })
          })
      })
    })
  )

interface Rules {
  readonly action: string
  readonly scope: Access.Scope | "public"
  readonly reach: "everything" | "queues" | "jobs"
  readonly recorded: "together" | "within" | "afterwards"
}

const rulesOf = ({ endpoint, group }: {
  readonly endpoint: HttpApiEndpoint.Top
  readonly group: HttpApiGroup.Top
}): Rules => {
  const annotations = Context.merge(group.annotations, endpoint.annotations)
  return {
    action: `${group.identifier}.${endpoint.identifier}`,
    scope: Context.get(annotations, Access.NeededScope),
    reach: Context.get(annotations, Access.Reach),
    recorded: Context.get(annotations, Access.Recorded)
  }
}

/** An answer that is kept commits together with what it is about. */
const recordedOf = ({ recorded }: Rules, { headers }: HttpServerRequest.HttpServerRequest): Rules["recorded"] =>
  recorded === "within" && headers[Idempotency.header] !== undefined ? "together" : recorded

type Refusal = AccessError.Unauthorized | ApiError.Forbidden | ApiError.Unavailable

/** Lets a request in as somebody, or answers it. */
const makeGate = (ring: KeyRing["Service"], limits: Limits) => {
  const requests = RateLimit.make(limits.requests)
  const failures = RateLimit.make(limits.failures)
  return Effect.fnUntraced(function*(
    credential: Redacted.Redacted,
    address: string | null,
    rules: Rules & { readonly queues: ReadonlyArray<string | undefined> }
  ): Effect.fn.Return<Principal.Principal | HttpServerResponse.HttpServerResponse, Refusal> {
    if (rules.scope === "public") return Principal.nobody
    const from = `address ${address ?? "unknown"}`
    const wait = Math.max(yield* failures.look(from), yield* requests.take(from))
    if (wait > 0) return tooMany(wait)
    const principal = yield* Effect.catch(ring.identify(credential), StorageFailure.unavailable)
    if (principal === null) {
      yield* failures.take(from)
      yield* Effect.logWarning(`refused a request without a good API key from ${from}`)
      return yield* unauthorized()
    }
    const waitOfKey = principal.actor === Principal.local.actor ? 0 : yield* requests.take(`key ${principal.actor}`)
    if (waitOfKey > 0) return tooMany(waitOfKey)
    const refusal = Principal.refuse(principal, rules)
    if (refusal !== null) return yield* forbidden(refusal)
    const foreign = rules.reach === "queues" &&
      rules.queues.some((queue) => !Principal.seesQueue(principal, queue ?? ""))
    return foreign ? yield* forbidden("The key is for other queues") : principal
  })
}

/** Runs an endpoint, and the stream that it may answer, as somebody. */
const as = <E, R>(
  principal: Principal.Principal,
  endpoint: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
  endpoint.pipe(
    Effect.map((response) =>
      response.body._tag === "Stream"
        ? HttpServerResponse.setBody(response, streamAs(principal, response.body))
        : response
    ),
    Effect.provideService(Principal.CurrentPrincipal, principal),
    Effect.annotateLogs({ actor: principal.actor })
  )

const streamAs = (principal: Principal.Principal, { contentLength, contentType, stream }: HttpBody.Stream) =>
  HttpBody.stream(
    Stream.provideService(stream, Principal.CurrentPrincipal, principal),
    contentType,
    contentLength
  )

const tooMany = (seconds: number) =>
  HttpServerResponse.setHeader(
    ErrorEnvelope.toResponse(
      new ApiError.TooManyRequests({
        error: {
          message: "More requests than this key or address may send",
          hint: `Try again after ${seconds} seconds, or send many jobs in one POST /api/v1/jobs/batch`
        }
      })
    ),
    "retry-after",
    String(seconds)
  )

const unauthorized = () =>
  new AccessError.Unauthorized({
    error: {
      message: "The request has no API key that is good",
      field: "authorization",
      hint: "Send authorization: Bearer mr_<id>.<secret>, with a key that is not revoked or expired"
    }
  })

const forbidden = (message: string) =>
  new ApiError.Forbidden({ error: { message, hint: "An admin makes keys with POST /api/v1/keys" } })
