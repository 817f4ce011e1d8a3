/**
 * Turns failures of the file system into the error of the package.
 */
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"

const pathOf = (error: PlatformError.PlatformError): string =>
  "pathOrDescriptor" in error.reason ? String(error.reason.pathOrDescriptor ?? "") : ""

/** Fails with reason `SystemFailed`, naming the operation and the path. */
export const toError = (
  error: PlatformError.PlatformError
): Effect.Effect<never, EmbeddedPostgresError.EmbeddedPostgresError> =>
  Effect.fail(EmbeddedPostgresError.because(
    new EmbeddedPostgresError.SystemFailed({
      operation: error.reason.method,
      path: pathOf(error),
      detail: error.cause instanceof Error ? error.cause.message : error.message
    })
  ))
