/**
 * Says why something failed, in lines for whoever reads the terminal: no stack, no wrapping.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Config from "effect/Config"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/**
 * Why a cause failed: one line for each mistake in the flags or the environment, one for anything else.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const ofCause = (cause: Cause.Cause<unknown>): ReadonlyArray<string> => {
  const error = Cause.squash(cause)
  if (CliError.isCliError(error) && error._tag === "ShowHelp") return error.errors.map(of)
  if (error instanceof Config.ConfigError && Schema.isSchemaError(error.cause)) return ofIssue(error.cause.issue)
  return [of(error)]
}

/**
 * The message of an error, or the thrown value as text.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const of = (error: unknown): string => hasMessage(error) ? error.message : String(error)

const hasMessage = (error: unknown): error is { readonly message: string } =>
  typeof error === "object" && error !== null && "message" in error && typeof error.message === "string"

const formatter = SchemaIssue.makeFormatterStandardSchemaV1()

const ofIssue = (issue: SchemaIssue.Issue): ReadonlyArray<string> =>
  formatter(issue).issues.map(({ message, path = [] }) => {
    const variable = path.map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".")
    return `${variable} is wrong: ${message}`
  })
