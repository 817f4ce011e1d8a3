/**
 * From whatever a handler failed with to what can be stored: total, bounded, and unable to fail itself.
 *
 * Thrown values may lie: getters that throw, cyclic causes, megabytes of message. Every look at them is guarded.
 */
import type { JobFailure } from "@millrace/storage/JobFailure"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import type { JobCodec } from "./jobCodec.ts"
import * as JsonGuard from "./jsonGuard.ts"
import * as Text from "./text.ts"

/** A failed attempt: what is stored of it, and what the retry policy wants to know. */
export interface Failure {
  readonly failure: JobFailure
  /** The `_tag` of a typed error. */
  readonly errorTag: string | undefined
  /** The delay that the error itself asks for. */
  readonly retryAfterMillis: number | undefined
}

/** A failure that the worker itself states. */
export const stated = (tag: string, message: string): Failure => ({
  failure: { tag, message: Text.sanitise(message, Defaults.textBytes) },
  errorTag: tag,
  retryAfterMillis: undefined
})

/** The failure of a cause: its first typed error, else its first defect, else the interruption. */
export const fromCause = (cause: Cause.Cause<unknown>, codec: JobCodec): Failure => {
  const fail = cause.reasons.find((reason) => reason._tag === "Fail")
  if (fail !== undefined) return fromError(fail.error, codec)
  const die = cause.reasons.find((reason) => reason._tag === "Die")
  if (die !== undefined) return fromDefect(die.defect)
  return stated("Interrupted", "The handler interrupted itself, or waited for something that was interrupted")
}

/** The failure of a typed error; its encoded form is kept when it fits the job's error schema. */
export const fromError = (error: unknown, codec: JobCodec): Failure => {
  const typed = textOf(error, "_tag")
  const data = encoded(error, codec)
  return {
    failure: { ...describe(error, typed === undefined), ...data, ...discreet(error, data, codec) },
    errorTag: typed === undefined ? undefined : Text.sanitise(typed, Defaults.nameLength),
    retryAfterMillis: retryAfterOf(error)
  }
}

/** An error without a message is outlined: one that hides something is so by what may be shown of it. */
const discreet = (
  error: unknown,
  { data }: Pick<JobFailure, "data">,
  { shown }: JobCodec
): { readonly message?: string } => {
  if (!shown.hidesErrors || textOf(error, "message") !== undefined) return {}
  const told = data === undefined ? "an error that hides what it holds" : messageOf(shown.error(data))
  return { message: Text.sanitise(told, Defaults.textBytes) }
}

/** The failure of anything that was thrown. */
export const fromDefect = (defect: unknown): Failure => ({
  failure: describe(defect, true),
  errorTag: undefined,
  retryAfterMillis: undefined
})

/** Causes of causes that are told. */
const causesMax = 5

/** Reading a stack formats it, which costs more than the rest: only where it can tell something. */
const describe = (thrown: unknown, hasStack: boolean): JobFailure => {
  const stack = hasStack ? textOf(thrown, "stack") : undefined
  const causes = causesOf(thrown)
  const shown = stack === undefined && causes === "" ? undefined : `${cutEarly(stack ?? "")}${causes}`.trimStart()
  return {
    tag: tagOf(thrown),
    message: Text.sanitise(messageOf(thrown), Defaults.textBytes),
    ...(shown === undefined ? {} : { stack: Text.sanitise(shown, Defaults.textBytes) })
  }
}

/** The stack leaves room for the causes. */
const cutEarly = (text: string): string => text.slice(0, Defaults.textBytes / 2)

const causesOf = (thrown: unknown): string => {
  let text = ""
  let cause = propertyOf(thrown, "cause")
  for (let depth = 0; depth < causesMax && cause !== undefined && cause !== null; depth++) {
    text += `\n[cause] ${tagOf(cause)}: ${messageOf(cause).slice(0, 512)}`
    cause = propertyOf(cause, "cause")
  }
  return text
}

const tagOf = (thrown: unknown): string => {
  const name = textOf(thrown, "_tag") ?? classOf(thrown)
  return name === undefined || name === "" || name === "Object" ? "Defect" : Text.sanitise(name, Defaults.nameLength)
}

const classOf = (thrown: unknown): string | undefined => {
  if (typeof thrown !== "object" || thrown === null) return undefined
  return textOf(thrown, "name") ?? textOf(propertyOf(thrown, "constructor"), "name")
}

const messageOf = (thrown: unknown): string => {
  if (typeof thrown === "string") return thrown
  if (typeof thrown === "object" && thrown !== null) return textOf(thrown, "message") ?? outline(thrown)
  return typeof thrown === "function" ? "a function" : String(thrown)
}

/** Properties of a thrown object that are shown when it has no message. */
const outlineMax = 10

const outline = (thrown: object): string =>
  guarded(() => {
    const keys = Object.keys(thrown)
    const shown = keys.slice(0, outlineMax).map((key) => `${key}: ${leaf(propertyOf(thrown, key))}`)
    return `{ ${[...shown, ...(keys.length > outlineMax ? ["…"] : [])].join(", ")} }`
  }) ?? "an object that can not be read"

const leaf = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 200))
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[…]" : "{…}"
  return typeof value === "function" ? "function" : String(value)
}

const textOf = (value: unknown, key: string): string | undefined => {
  const property = propertyOf(value, key)
  return typeof property === "string" ? property : undefined
}

const propertyOf = (value: unknown, key: string): unknown =>
  (typeof value === "object" && value !== null) || typeof value === "function"
    ? guarded(() => Reflect.get(value, key))
    : undefined

const guarded = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const encoded = (error: unknown, codec: JobCodec): { readonly data?: Schema.Json } => {
  const bounds = { bytes: Defaults.failureDataBytes, depth: Defaults.jsonDepth }
  const data = guarded(() => {
    if (JsonGuard.checkShape(error, bounds) !== null) return undefined
    const json = codec.encodeError(error)
    if (json._tag === "Misfit" || JsonGuard.checkShape(json.value, bounds) !== null) return undefined
    const clean = JsonGuard.check(json.value, bounds) === null ? json.value : JsonGuard.sanitise(json.value)
    return JsonGuard.check(clean, bounds) === null ? clean : undefined
  })
  return data === undefined ? {} : { data }
}

const retryAfterOf = (error: unknown): number | undefined => {
  const millis = propertyOf(error, "retryAfterMillis")
  if (typeof millis === "number") return inRange(millis)
  const duration = propertyOf(error, "retryAfter")
  return Duration.isDuration(duration) ? inRange(Duration.toMillis(duration)) : undefined
}

const inRange = (millis: number): number | undefined =>
  millis >= 0 ? Math.min(millis, Defaults.durationMillis) : undefined
