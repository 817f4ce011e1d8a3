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

/** The environment, by name. */
interface Variables {
  readonly [name: string]: string | undefined
}

/**
 * Why a cause failed: one line for each mistake in the flags or the environment, one for anything else. A wrong
 * variable is named with its value, unless that is a secret.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const ofCause = (cause: Cause.Cause<unknown>, variables: Variables = {}): ReadonlyArray<string> => {
  const error = Cause.squash(cause)
  if (CliError.isCliError(error) && error._tag === "ShowHelp") return error.errors.map(of)
  if (error instanceof Config.ConfigError && Schema.isSchemaError(error.cause)) {
    return ofIssue(error.cause.issue, variables)
  }
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

/** What others must not read is not repeated. */
const secret = /URL|KEY|SECRET|PASSWORD|HEADERS/

const ofIssue = (issue: SchemaIssue.Issue, variables: Variables): ReadonlyArray<string> =>
  formatter(issue).issues.map(({ message, path = [] }) => {
    const variable = path.map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".")
    // A list is read at once, and wrong at one of its places.
    const value = variables[variable.replace(/\.\d+$/, "")]
    const found = value === undefined || secret.test(variable) ? "" : `; it is ${JSON.stringify(value.slice(0, 200))}`
    return `${variable} is wrong: ${message}${found}`
  })
