/**
 * What holds for every endpoint: a request that does not fit the contract is answered with the field that is wrong,
 * none takes longer than its time, and an unexpected failure says nothing of its cause.
 *
 * @since 0.1.0
 */
import { ApiError, RequestRules } from "@millrace/api"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
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
  Layer.succeed(RequestRules.RequestRules, (answer, { endpoint }) => {
    const duration = timeOf(endpoint, timeout)
    return answer.pipe(
      Effect.timeoutOrElse({ duration, orElse: () => Effect.succeed(tooLong(duration)) }),
      Effect.catch((error) =>
        HttpApiError.HttpApiSchemaError.is(error)
          ? Effect.flatMap(
            ErrorEnvelope.fromCause(Cause.fail(error)),
            (answer) => Effect.succeed(ErrorEnvelope.toResponse(answer))
          )
          : Effect.fail(error)
      )
    )
  })

const timeOf = (endpoint: HttpApiEndpoint.Top, timeout: Duration.Duration): Duration.Duration => {
  const own = Context.get(endpoint.annotations, RequestRules.MaxMillis)
  return own === null ? timeout : Duration.millis(own)
}

const tooLong = (timeout: Duration.Duration) =>
  ErrorEnvelope.toResponse(
    new ApiError.Unavailable({
      error: {
        message: `The database did not answer within ${Duration.format(timeout)}`,
        hint: "Repeat the request. A change may have been made: with a unique key a job is not stored twice"
      }
    })
  )
