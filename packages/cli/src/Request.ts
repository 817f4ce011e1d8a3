/**
 * From flags to the bodies of the API: checked by the contract before anything is sent.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Failure from "./Failure.ts"

const formatter = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Reads a body as the contract does.
 *
 * **Errors**
 *
 * `CommandFailed` that names the flag: the field `timeZone` is `--time-zone`.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const decode = <S extends Schema.ConstraintCodec<unknown, unknown>>(
  schema: S,
  plain: unknown
): Effect.Effect<S["Type"], Failure.CommandFailed> => {
  const decoded = Schema.decodeUnknownResult(Schema.toCodecJson(schema), { onExcessProperty: "error" })(plain)
  return Result.isSuccess(decoded)
    ? Effect.succeed(decoded.success)
    : Effect.fail(toFailure(decoded.failure.issue))
}

const toFailure = (issue: SchemaIssue.Issue): Failure.CommandFailed => {
  const [first] = formatter(issue).issues
  const path = (first?.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment))
  return Failure.usage(path.length === 0 ? "The request" : flagOf(path.at(-1) ?? ""), first?.message ?? "is wrong")
}

/**
 * Reads a line of JSON.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const json = (line: string): Effect.Effect<unknown, Failure.CommandFailed> =>
  Effect.try({
    try: (): unknown => JSON.parse(line),
    catch: () => Failure.usage("The line", "is no JSON document")
  })

/** `timeZone` is `--time-zone`. */
const flagOf = (field: string): string => `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/**
 * The values of optional flags that were given.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const definedOf = (
  options: { readonly [key: string]: Option.Option<unknown> }
): { readonly [key: string]: unknown } =>
  Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) => Option.isSome(value) ? [[key, value.value]] : [])
  )
