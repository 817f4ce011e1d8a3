/**
 * What holds for every endpoint: a request that does not fit the contract is answered with the field that is wrong,
 * none takes longer than its time, and an unexpected failure says nothing of its cause.
 *
 * @since 0.1.0
 */
import { ApiError, RequestRules } from "@millrace/api"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as Layer from "effect/Layer"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"

/**
 * The rules as middleware of the contract. `timeout` is the longest time of one request, its body included.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (timeout: Duration.Duration): Layer.Layer<RequestRules.RequestRules> =>
  Layer.succeed(RequestRules.RequestRules, (endpoint) =>
    endpoint.pipe(
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.succeed(tooLong(timeout)) }),
      Effect.catch((error) =>
        HttpApiError.HttpApiSchemaError.is(error)
          ? Effect.flatMap(
            ErrorEnvelope.fromCause(Cause.fail(error)),
            (answer) => Effect.succeed(ErrorEnvelope.toResponse(answer))
          )
          : Effect.fail(error)
      )
    ))

const tooLong = (timeout: Duration.Duration) =>
  ErrorEnvelope.toResponse(
    new ApiError.Unavailable({
      error: {
        message: `The database did not answer within ${Duration.format(timeout)}`,
        hint: "Repeat the request. A change may have been made: with a unique key a job is not stored twice"
      }
    })
  )
