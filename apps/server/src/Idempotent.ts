/**
 * Carries requests with an `Idempotency-Key` out once: the first answer is stored in the transaction of what it created,
 * and answers every later request with the key.
 *
 * Works inside of the audit's transaction, on a body that has been read within its limits.
 *
 * @since 0.1.0
 */
import { Idempotency, ResourceError } from "@millrace/api"
import type { ApiError } from "@millrace/api"
import { ServiceStorage, StorageError } from "@millrace/storage"
import type { IdempotentRequest } from "@millrace/storage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as NodeCrypto from "node:crypto"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"
import { CurrentPrincipal } from "./Principal.ts"
import * as StorageFailure from "./StorageFailure.ts"

/** How often answers are dropped whose time is over. */
const cleaning = Duration.minutes(10)

/** The most that one call drops: when it dropped so many, there may be more. */
const pruneLimit = 10_000

/**
 * The rule as middleware of the contract. `keep`: how long answers are kept.
 *
 * **Details**
 *
 * Only answers below 400 are kept: a refused request changed nothing, and runs again. Drops what is over by itself, every
 * ten minutes.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  keep: Duration.Duration
): Layer.Layer<Idempotency.Idempotency, never, ServiceStorage.ServiceStorage> =>
  Layer.effect(
    Idempotency.Idempotency,
    Effect.gen(function*() {
      const { requests } = yield* ServiceStorage.ServiceStorage
      yield* Effect.forkScoped(clean(requests))
      return Idempotency.Idempotency.of((endpoint, options) =>
        Effect.gen(function*() {
          const request = yield* HttpServerRequest.HttpServerRequest
          const key = request.headers[Idempotency.header]
          if (key === undefined) return yield* endpoint
          if (!Idempotency.isKey(key)) return yield* invalidKey
          const { actor } = yield* CurrentPrincipal
          return yield* once(requests, endpoint, {
            caller: actor,
            endpoint: `${options.group.identifier}.${options.endpoint.identifier}`,
            key,
            fingerprint: fingerprintOf(yield* Effect.orDie(request.arrayBuffer)),
            keepMillis: Duration.toMillis(keep)
          })
        })
      )
    })
  )

/**
 * Runs an endpoint for a request, unless it ran before.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
const once = <E, R>(
  requests: IdempotentRequest.IdempotentRequests,
  endpoint: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  request: IdempotentRequest.IdempotentRequest
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E | ApiError.Unavailable | ResourceError.IdempotencyKeyReused,
  R
> =>
  Effect.suspend(() => {
    let response: HttpServerResponse.HttpServerResponse | null = null
    const run = Effect.flatMap(endpoint, (made): Effect.Effect<IdempotentRequest.KeptAnswer, Refused> => {
      response = made
      return made.status >= 400
        ? Effect.fail(new Refused(made))
        : Effect.succeed({ status: made.status, body: textOf(made) })
    })
    return Effect.matchEffect(requests.once(request, run), {
      onSuccess: (result) => {
        switch (result._tag) {
          case "Ran":
            return Effect.succeed(response ?? toResponse(result.answer))
          case "Kept":
            return Effect.succeed(
              HttpServerResponse.setHeader(toResponse(result.answer), Idempotency.replayed, "true")
            )
          case "Other":
            return Effect.fail(reused(request.key))
        }
      },
      onFailure: (
        error
      ): Effect.Effect<HttpServerResponse.HttpServerResponse, E | ApiError.Unavailable> => {
        if (error instanceof Refused) return Effect.succeed(error.response)
        return error instanceof StorageError.StorageError ? StorageFailure.unavailable(error) : Effect.fail(error)
      }
    })
  })

/** Carries an answer that changed nothing past the storage, which keeps nothing of it. */
class Refused {
  readonly response: HttpServerResponse.HttpServerResponse
  constructor(response: HttpServerResponse.HttpServerResponse) {
    this.response = response
  }
}

/** Tells two bodies apart, byte by byte. */
const fingerprintOf = (body: ArrayBuffer): string =>
  NodeCrypto.createHash("sha256").update(new Uint8Array(body)).digest("base64url")

/** The endpoints that create answer JSON, whole. */
const textOf = ({ body }: HttpServerResponse.HttpServerResponse): string =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

const toResponse = ({ body, status }: IdempotentRequest.KeptAnswer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(body, { status, contentType: "application/json" })

/** Drops what is over, for ever. A storage that is away is asked again at the next time. */
const clean = (requests: IdempotentRequest.IdempotentRequests): Effect.Effect<never> =>
  requests.prune.pipe(
    Effect.repeat({ while: (dropped) => dropped >= pruneLimit }),
    Effect.catch((error) => Effect.logDebug(error.message)),
    Effect.andThen(Effect.sleep(cleaning)),
    Effect.forever
  )

const invalidKey = Effect.fail(ErrorEnvelope.invalid({
  field: Idempotency.header,
  message: "Expected 1 to 255 printable ASCII characters",
  hint: "Send one key with one request, such as a UUID"
}))

const reused = (key: string) =>
  new ResourceError.IdempotencyKeyReused({
    error: {
      message: `Another body was sent with the key ${key}, and was carried out`,
      field: Idempotency.header,
      hint: "Nothing was changed. Repeat a request with the body that it had, or choose another key"
    }
  })
