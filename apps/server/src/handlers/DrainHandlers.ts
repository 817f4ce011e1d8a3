/**
 * `POST /api/v1/drain`.
 *
 * @since 0.1.0
 */
import { AccessError, Api, ApiError } from "@millrace/api"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Redacted from "effect/Redacted"
import * as Crypto from "node:crypto"
import { Drainer } from "../Drainer.ts"
import * as StorageFailure from "../StorageFailure.ts"

/** What is done when nobody says how much. */
const defaults = { maxRuntimeMillis: 10_000, maxJobs: 1000 }

/**
 * The handlers of the group `drain`. Without a secret every call is refused.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (secret: Redacted.Redacted | null) =>
  HttpApiBuilder.group(
    Api.Api,
    "drain",
    Effect.fnUntraced(function*(handlers) {
      const drainer = yield* Drainer
      return handlers.handleAll({
        drain: Effect.fnUntraced(function*({ payload }) {
          const { headers } = yield* HttpServerRequest.HttpServerRequest
          yield* admit(secret, headers)
          const { runtime, ...done } = yield* StorageFailure.answered(drainer.run({
            maxRuntime: Duration.millis(payload.maxRuntimeMs ?? defaults.maxRuntimeMillis),
            maxJobs: payload.maxJobs ?? defaults.maxJobs
          }))
          return { ...done, runtimeMs: Math.round(Duration.toMillis(runtime)) }
        })
      })
    })
  )

type Headers = { readonly [name: string]: string | undefined }

/** Platforms' crons send `authorization: Bearer`; who calls with an API key of a proxy has the other header. */
const given = (headers: Headers): string | null => {
  const bearer = /^Bearer (.+)$/i.exec(headers["authorization"] ?? "")?.[1]
  return headers["x-drain-secret"] ?? bearer ?? null
}

const admit = (
  secret: Redacted.Redacted | null,
  headers: Headers
): Effect.Effect<void, AccessError.Unauthorized | ApiError.Forbidden> => {
  if (secret === null) return Effect.fail(off())
  const text = given(headers)
  return text !== null && isSame(text, Redacted.value(secret)) ? Effect.void : Effect.fail(wrong())
}

/** In constant time, whatever their lengths. */
const isSame = (one: string, other: string): boolean => Crypto.timingSafeEqual(digest(one), digest(other))

const digest = (text: string): Buffer => Crypto.createHash("sha256").update(text).digest()

const off = () =>
  new ApiError.Forbidden({
    error: { message: "This server does not drain", hint: "Start it with MILLRACE_DRAIN_SECRET, and send that secret" }
  })

const wrong = () =>
  new AccessError.Unauthorized({
    error: {
      message: "The request has not the secret of the drain",
      field: "authorization",
      hint: "Send authorization: Bearer <MILLRACE_DRAIN_SECRET>, or the secret as x-drain-secret"
    }
  })
