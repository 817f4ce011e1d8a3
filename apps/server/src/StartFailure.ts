/**
 * Says why the program did not start, in lines for whoever reads the terminal: no stack, no wrapping.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** The environment, by name. */
interface Variables {
  readonly [name: string]: string | undefined
}

/**
 * Why a cause failed: one line for each variable of the environment that is wrong, one for anything else.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const linesOf = (
  cause: Cause.Cause<unknown>,
  variables: Variables = {}
): ReadonlyArray<string> => {
  const error = Cause.squash(cause)
  if (error instanceof Config.ConfigError && Schema.isSchemaError(error.cause)) {
    return variablesOf(error.cause.issue, variables)
  }
  return [error instanceof Error ? messageOf(error) : String(error)]
}

/** A port that is taken, above all, has its reason inside. */
const messageOf = (error: Error): string =>
  error.message === "" && error.cause instanceof Error ? error.cause.message : error.message

const formatter = SchemaIssue.makeFormatterStandardSchemaV1()

/** What others must not read is not repeated. */
const secret = /URL|KEY|SECRET|PASSWORD|HEADERS/

const variablesOf = (issue: SchemaIssue.Issue, variables: Variables): ReadonlyArray<string> =>
  formatter(issue).issues.map(({ message, path = [] }) => {
    const variable = path.map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".")
    const value = variables[variable]
    const shown = value === undefined ? null : shownOf(variable, value)
    return `${variable} is wrong: ${message}${shown === null ? "" : `; it is "${shown.slice(0, 200)}"`}`
  })

const shownOf = (variable: string, value: string): string | null =>
  variable.endsWith("_URL") ? withoutPassword(value) : secret.test(variable) ? null : value

/** A URL without user, password and options; null when it can not be told which part is the password. */
const withoutPassword = (value: string): string | null => {
  if (!URL.canParse(value)) return null
  const { host, password, pathname, protocol, username } = new URL(value)
  const marks = value.split("@").length - 1
  const isClear = host !== "" && marks === (username === "" && password === "" ? 0 : 1)
  return isClear ? `${protocol}//${host}${pathname}` : null
}
