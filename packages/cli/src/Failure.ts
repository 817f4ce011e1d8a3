/**
 * Why a command failed, in words for whoever reads the terminal, and the exit code that says so to a script.
 *
 * | Code | Meaning |
 * | --- | --- |
 * | 0 | done |
 * | 1 | refused, or the answer is bad news (a job that died, a check of `doctor` that failed) |
 * | 2 | wrong usage: a flag or an argument |
 * | 3 | the server or the database can not be reached |
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Schema from "effect/Schema"
import * as SqlError from "effect/sql/SqlError"

/**
 * A command failed. `hint` says what to do about it.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  code: Schema.Literals([1, 2, 3]),
  detail: Schema.String,
  hint: Schema.NullOr(Schema.String)
}) {
  override get message(): string {
    return this.detail
  }
}

/**
 * A failure as it is told: lines, and the exit code. No lines: all was said already.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Told {
  readonly lines: ReadonlyArray<string>
  readonly code: 1 | 2 | 3
}

/**
 * Wrong usage of a flag, which is named.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const usage = (flag: string, detail: string, hint: string | null = null): CommandFailed =>
  new CommandFailed({ code: 2, detail: `${flag}: ${detail}`, hint })

/**
 * Bad news.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const refused = (detail: string, hint: string | null = null): CommandFailed =>
  new CommandFailed({ code: 1, detail, hint })

/**
 * Tells why a cause failed.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const tell = (cause: Cause.Cause<unknown>): Told => of(Cause.squash(cause))

const of = (error: unknown): Told => {
  // What was wrong with the flags was said where they were read.
  if (CliError.isCliError(error)) return { lines: [], code: 2 }
  if (error instanceof CommandFailed) return told(error.code, error.detail, error.hint)
  if (HttpClientError.isHttpClientError(error)) return ofTransport(error)
  if (SqlError.isSqlError(error)) return told(3, sqlDetail(error), "Check --database-url or DATABASE_URL")
  if (isEnvelope(error)) return told(error.error.tag === "Unavailable" ? 3 : 1, ...ofEnvelope(error))
  return told(isUnavailable(error) ? 3 : 1, hasMessage(error) ? error.message : String(error), null)
}

const told = (code: Told["code"], detail: string, hint: string | null): Told => ({
  lines: hint === null || hint === "" ? [detail] : [detail, hint],
  code
})

const ofTransport = (error: HttpClientError.HttpClientError): Told => {
  const { url } = error.request
  return error.response === undefined
    ? told(
      3,
      `The server at ${originOf(url)} can not be reached`,
      "Start one with `millrace dev` or `millrace server`, or say where it is with --url or MILLRACE_URL"
    )
    : told(
      1,
      `${originOf(url)} answered ${error.response.status} in a way that this release does not understand`,
      "Is --url that of a Millrace server of this release?"
    )
}

const originOf = (url: string): string => URL.canParse(url) ? new URL(url).origin : url

interface Envelope {
  readonly error: {
    readonly tag: string
    readonly message: string
    readonly field?: string
    readonly hint?: string
  }
}

const isEnvelope = Schema.is(Schema.Struct({
  error: Schema.Struct({
    tag: Schema.String,
    message: Schema.String,
    field: Schema.optionalKey(Schema.String),
    hint: Schema.optionalKey(Schema.String)
  })
})) as (error: unknown) => error is Envelope

const ofEnvelope = ({ error }: Envelope): readonly [string, string | null] => [
  `${error.message} (${error.tag})`,
  error.tag === "Unauthorized" ? "Name an API key with --key or MILLRACE_KEY" : error.hint ?? null
]

const sqlDetail = (error: SqlError.SqlError): string => {
  const { cause } = error.reason
  const detail = hasMessage(cause) ? cause.message : error.message
  return `The database failed: ${detail}`
}

const isUnavailable = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "reason" in error && typeof error.reason === "object" &&
  error.reason !== null && "_tag" in error.reason && error.reason._tag === "Unavailable"

const hasMessage = (error: unknown): error is { readonly message: string } =>
  typeof error === "object" && error !== null && "message" in error && typeof error.message === "string" &&
  error.message !== ""
