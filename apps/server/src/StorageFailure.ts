/**
 * What a caller of the API is told when the database fails.
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import type { StorageError } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"

/**
 * What a failing storage is answered with.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Answer = ApiError.Unavailable | ApiError.InvalidRequest

/**
 * Answers a storage that can not be reached, is busy or has other tables with `Unavailable`, and a value that it
 * refused with `InvalidRequest`. A storage that answers nonsense is a defect. The log has the details.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const refuse = (error: StorageError.StorageError): Effect.Effect<never, Answer> =>
  Effect.andThen(Effect.logWarning(error.message), Effect.suspend(() => toAnswer(error)))

/**
 * Runs an effect on the storage, and answers its failure.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const answered = <A, R>(effect: Effect.Effect<A, StorageError.StorageError, R>): Effect.Effect<A, Answer, R> =>
  Effect.catch(effect, refuse)

/**
 * Answers a storage that failed at something that the caller did not choose, such as his key or the audit: any refusal
 * of a value is a defect.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const unavailable = (error: StorageError.StorageError): Effect.Effect<never, ApiError.Unavailable> =>
  Effect.catchTag(refuse(error), "InvalidRequest", () => Effect.die(error))

const toAnswer = (error: StorageError.StorageError): Effect.Effect<never, Answer> => {
  switch (error.reason._tag) {
    case "Unavailable":
    case "Conflict":
    case "OutdatedSchema":
      return Effect.fail(new ApiError.Unavailable({ error: details(error.reason._tag) }))
    case "Invalid":
      return Effect.fail(ErrorEnvelope.invalid({ field: error.reason.field, message: error.reason.detail, hint: null }))
    case "Corrupt":
    case "Unsupported":
      return Effect.die(error)
  }
}

/**
 * Says in one sentence why a storage is not available. Names no host and no user: the log does.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const details = (reason: "Unavailable" | "Conflict" | "OutdatedSchema"): ApiError.Details => {
  switch (reason) {
    case "Unavailable":
      return {
        message: "The database can not be reached, or did not answer in time",
        hint: "Repeat the request: the server reconnects by itself. With a unique key a job is not stored twice"
      }
    case "Conflict":
      return { message: "The database gave way to other work", hint: "Repeat the request. Nothing was changed" }
    case "OutdatedSchema":
      return {
        message: "The tables in the database do not fit this server",
        hint: "Run the migrations, or start the server whose release fits"
      }
  }
}
