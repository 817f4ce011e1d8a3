/**
 * The schemas of a job, compiled once to functions between values and JSON.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Mask from "./mask.ts"

/** A schema that a job may use: any that needs no services and decodes synchronously. */
export type AnySchema = Schema.ConstraintCodec<unknown, unknown>

/** Where a value did not fit its schema: a JSON path and what is wrong there. */
export interface Misfit {
  readonly field: string
  readonly detail: string
}

/** A value that was converted, or why it could not be. */
export type Converted<A> =
  | { readonly _tag: "Fits"; readonly value: A }
  | { readonly _tag: "Misfit"; readonly misfit: Misfit }

/** Converts one way between a value and its JSON. */
export type Convert<In, Out> = (value: In) => Converted<Out>

/** The compiled codec of a job. */
export interface JobCodec {
  readonly encodePayload: Convert<unknown, Schema.Json>
  /** Decodes a payload of the present version. */
  readonly decodePayload: Convert<Schema.Json, unknown>
  /** Decodes a payload of any version that the definition takes. */
  readonly decodeVersion: (json: Schema.Json, version: number) => Converted<unknown>
  readonly encodeSuccess: Convert<unknown, Schema.Json>
  readonly decodeSuccess: Convert<Schema.Json, unknown>
  readonly encodeError: Convert<unknown, Schema.Json>
  readonly decodeError: Convert<Schema.Json, unknown>
  /** What of its JSON may be shown. */
  readonly shown: Shown
  /** Whether anything of the payload may not be shown. */
  readonly hidesPayload: boolean
}

/** Values as they may be shown: hidden parts are replaced, and whole values that do not fit a schema which hides any. */
export interface Shown {
  readonly payload: (json: Schema.Json, version: number) => Schema.Json
  readonly success: (json: Schema.Json) => Schema.Json
  readonly error: (json: Schema.Json) => Schema.Json
  /** Whether it hides anything at all, and whether anything of errors. */
  readonly hides: boolean
  readonly hidesErrors: boolean
}

/** The schemas of a job. */
export interface Schemas {
  readonly payload: AnySchema
  readonly success: AnySchema
  readonly error: AnySchema
  readonly version?: number
  readonly upcasters?: { readonly [version: number]: Upcaster }
}

/** An old payload's schema and the way to the present one. */
interface Upcaster {
  readonly payload: AnySchema
  readonly to: (old: never) => unknown
}

/** Compiles the schemas of a job. */
export const make = ({ error, payload, success, upcasters = {}, version = 1 }: Schemas): JobCodec => {
  const present = pairOf(payload)
  const isDiscreet = maskOf(payload) !== null
  const older = new Map(
    Object.entries(upcasters).map(([key, upcaster]) =>
      [Number(key), upcast(upcaster, present, isDiscreet || maskOf(upcaster.payload) !== null)] as const
    )
  )
  return {
    ...pair("Payload", payload),
    decodeVersion: (json, stored) =>
      stored === version ? present.decode(json) : older.get(stored)?.(json) ?? unknownVersion(stored),
    ...pair("Success", success),
    ...pair("Error", error),
    shown: {
      payload: shownVersions(payload, version, upcasters),
      success: shownOf(success) ?? asItIs,
      error: shownOf(error) ?? asItIs,
      hides: [payload, success, error].some((schema) => maskOf(schema) !== null),
      hidesErrors: maskOf(error) !== null
    },
    hidesPayload: isDiscreet
  }
}

const asItIs = (json: Schema.Json): Schema.Json => json

/** Null for a schema that hides nothing. */
const shownOf = (schema: AnySchema): ((json: Schema.Json) => Schema.Json) | null => {
  const mask = maskOf(schema)
  if (mask === null) return null
  const { decode } = pairOf(schema)
  return (json) => decode(json)._tag === "Fits" ? mask.apply(json) : Mask.hidden
}

/** Of a version that is not known here, or that hides nothing although the present one does, nothing is shown. */
const shownVersions = (
  payload: AnySchema,
  version: number,
  upcasters: NonNullable<Schemas["upcasters"]>
): Shown["payload"] => {
  const present = shownOf(payload)
  const older = new Map(Object.entries(upcasters).map(([key, old]) => [Number(key), shownOf(old.payload)] as const))
  return (json, stored) => {
    const shown = stored === version ? present : older.get(stored) ?? null
    return shown === null ? (present === null ? json : Mask.hidden) : shown(json)
  }
}

const maskOf = (schema: AnySchema): Mask.Mask | null => Mask.make(Schema.toCodecJson(schema).ast)

const unknownVersion = (stored: number): Converted<never> => ({
  _tag: "Misfit",
  misfit: { field: "$", detail: `no upcaster takes version ${stored}` }
})

/** What an upcaster answers must fit the present schema: it is encoded to see, and its present form is what runs. */
const upcast = ({ payload, to }: Upcaster, present: PairOf, isDiscreet: boolean): Convert<Schema.Json, unknown> => {
  const old = pairOf(payload)
  return (json) => {
    const decoded = old.decode(json)
    if (decoded._tag === "Misfit") return decoded
    const raised = guarded(() => to(decoded.value as never), isDiscreet)
    if (raised._tag === "Misfit") return raised
    const encoded = present.encode(raised.value)
    if (encoded._tag === "Fits") return present.decode(encoded.value)
    // The present schema may hide nothing, and tell what came from a part that the old one hides.
    return isDiscreet ? { ...encoded, misfit: { ...encoded.misfit, detail: "it hides what it found" } } : encoded
  }
}

/** An upcaster is the user's code, and may throw. */
const guarded = (run: () => unknown, isDiscreet: boolean): Converted<unknown> => {
  try {
    return { _tag: "Fits", value: run() }
  } catch (thrown) {
    const detail = isDiscreet ? "it hides what it found" : thrown instanceof Error ? thrown.message : String(thrown)
    return { _tag: "Misfit", misfit: { field: "$", detail: `the upcaster threw: ${detail.slice(0, 512)}` } }
  }
}

/** The two ways of one schema. */
export interface PairOf {
  readonly encode: Convert<unknown, Schema.Json>
  readonly decode: Convert<Schema.Json, unknown>
}

/** Compiles one schema. */
export const pairOf = (schema: AnySchema): PairOf => {
  const { decodeValue, encodeValue } = pair("Value", schema)
  return { encode: encodeValue, decode: decodeValue }
}

/** Writes a path as in `$.user.tags[3]`. */
export const jsonPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>((text, key) => text + stepOf(key), "$")

const stepOf = (key: PropertyKey): string => {
  if (typeof key === "number") return `[${key}]`
  const name = String(key)
  if (/^\d+$/.test(name)) return `[${name}]`
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name.slice(0, 64))}]`
}

type Pair<Name extends string> =
  & {
    readonly [Key in `encode${Name}`]: Convert<unknown, Schema.Json>
  }
  & { readonly [Key in `decode${Name}`]: Convert<Schema.Json, unknown> }

const pair = <const Name extends string>(name: Name, schema: AnySchema): Pair<Name> => {
  const codec: Schema.ConstraintCodec<unknown, Schema.Json> = Schema.toCodecJson(schema)
  const mask = Mask.make(codec.ast)
  return {
    [`encode${name}`]: convert(SchemaParser.encodeUnknownExit(codec), mask),
    [`decode${name}`]: convert(SchemaParser.decodeUnknownExit(codec), mask)
  } as Pair<Name>
}

const convert =
  <Out>(parse: (value: unknown) => Exit.Exit<Out, SchemaIssue.Issue>, mask: Mask.Mask | null): Convert<unknown, Out> =>
  (value) => {
    const exit = parse(value)
    return Exit.isSuccess(exit)
      ? { _tag: "Fits", value: exit.value }
      : { _tag: "Misfit", misfit: misfitOf(exit.cause, mask) }
  }

const misfitOf = (cause: Cause.Cause<SchemaIssue.Issue>, mask: Mask.Mask | null): Misfit => {
  const issue = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (issue === undefined) {
    const why = mask === null ? Cause.pretty(cause) : "it hides what it found"
    return { field: "$", detail: `its schema is asynchronous or failed: ${why}` }
  }
  const first = (mask === null ? formatter : discreet)(issue).issues[0]
  const path = first?.path?.map(keyOf) ?? []
  return {
    field: jsonPath(mask === null ? path : mask.cut(path)),
    detail: first?.message ?? "does not fit its schema"
  }
}

const formatter = SchemaIssue.makeFormatterStandardSchemaV1()

/** Says what a schema expects, and nothing that its checks and transformations say: they may repeat what they found. */
const discreet = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "InvalidValue" || issue._tag === "Forbidden"
      ? "Expected another value"
      : SchemaIssue.defaultLeafHook(issue),
  checkHook: () => "Expected another value"
})

const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey =>
  typeof segment === "object" ? segment.key : segment
