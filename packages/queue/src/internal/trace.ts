/**
 * The trace of who enqueues a job, on its way to who runs it: as W3C `traceparent`, beside the job's retry policy.
 */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"

/** The span in which a job was enqueued, by itself or as one of several. */
export interface Origin {
  readonly span: Tracer.ExternalSpan
  readonly isOneOfMany: boolean
}

/** The fields of what is stored about a job's attempts. */
const singleField = "millrace:trace"
const manyField = "millrace:trace-batch"

/**
 * The `traceparent` of a caller; null for one that nobody could follow.
 *
 * Without a tracer of the program's own its spans are never seen: then the trace is that of whoever called the program.
 */
export const ofCaller = (context: Context.Context<never>): string | null => {
  const parent = Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
  if (parent === undefined || Context.get(context, Tracer.DisablePropagation)) return null
  const seen = context.mapUnsafe.has(Tracer.TracerKey) ? parent : externalOf(parent)
  return seen === null ? null : toText(seen)
}

const externalOf = (span: Tracer.AnySpan): Tracer.ExternalSpan | null => {
  let current: Tracer.AnySpan | undefined = span
  while (current?._tag === "Span") current = Option.getOrUndefined(current.parent)
  return current ?? null
}

/** W3C Trace Context, 3.2.2. Shorter ids of other systems are filled with zeros from the left. */
const toText = ({ sampled, spanId, traceId }: Tracer.AnySpan): string | null => {
  const text = `00-${traceId.padStart(32, "0")}-${spanId.padStart(16, "0")}-${sampled ? "01" : "00"}`
  return spanOf(text) === null ? null : text
}

const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

const spanOf = (text: string): Tracer.ExternalSpan | null => {
  const [, traceId, spanId, flags] = pattern.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return null
  return Tracer.externalSpan({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 })
}

/** What is stored about a job's attempts, with a `traceparent` beside it. A release that does not know it ignores it. */
export const add = (stored: Schema.Json | null, traceparent: string, isOneOfMany: boolean): Schema.Json =>
  Object.assign({ [isOneOfMany ? manyField : singleField]: traceparent }, stored)

/** The origin that is stored with a job; null when there is none. */
export const originOf = (stored: Schema.Json | null): Origin | null => {
  if (typeof stored !== "object" || stored === null) return null
  const fields = stored as { readonly [field: string]: Schema.Json | undefined }
  const isOneOfMany = fields[manyField] !== undefined
  const text = fields[isOneOfMany ? manyField : singleField]
  const span = typeof text === "string" ? spanOf(text) : null
  return span === null ? null : { span, isOneOfMany }
}
