/**
 * What is said about single jobs: log lines and spans. Neither can fail a job, and neither costs anything when off.
 */
import type { Settlement } from "@millrace/storage/Outcome"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Handler } from "../Handlers.ts"
import type { Held } from "./claimTable.ts"
import * as Trace from "./trace.ts"
import type * as Workshop from "./workshop.ts"

/** The fields that every log line about an attempt has. */
export const annotations = ({ claim, session }: Held): Readonly<Record<string, unknown>> => ({
  worker: session.workerId,
  job: claim.id,
  name: claim.name,
  queue: claim.queue,
  tenant: claim.tenant,
  attempt: claim.attempt
})

/** Says that a handler starts. */
export const started = (shop: Workshop.Workshop, held: Held): void => {
  if (shop.logs.start) say(shop, shop.settings.jobLogLevel, "job started", annotations(held))
}

/** Says how an attempt ended, once that is written. */
export const settled = (
  shop: Workshop.Workshop,
  held: Held,
  { endedAfterMillis, outcome, startedAfterMillis }: Settlement
): void => {
  const fields = () => ({
    ...annotations(held),
    durationMillis: endedAfterMillis - (startedAfterMillis ?? endedAfterMillis)
  })
  switch (outcome._tag) {
    case "Completed":
      if (shop.logs.complete) {
        const { durationMillis, ...rest } = fields()
        say(shop, shop.settings.jobLogLevel, `job completed in ${durationMillis} ms`, { ...rest, durationMillis })
      }
      return
    case "Retried": {
      const { message, tag } = outcome.error
      const retryAt = DateTime.formatIso(
        DateTime.makeUnsafe(shop.clock.currentTimeMillisUnsafe() + outcome.delayMillis)
      )
      return say(shop, "Warn", `job failed with ${tag}: ${brief(message)}; retried at ${retryAt}`, {
        ...fields(),
        error: tag,
        retryInMillis: outcome.delayMillis
      })
    }
    case "Dead": {
      const { message, tag } = outcome.error
      return say(shop, "Error", `job is dead (${outcome.reason}) with ${tag}: ${brief(message)}`, {
        ...fields(),
        error: tag
      })
    }
    case "Quarantined":
      return say(shop, "Error", `job quarantined: ${brief(outcome.error.message)}`, {
        ...fields(),
        error: outcome.error.tag
      })
    case "Cancelled":
      return say(shop, "Info", `job cancelled: ${brief(outcome.reason)}`, fields())
    case "Snoozed":
    case "Released":
      if (shop.logs.complete) {
        say(shop, shop.settings.jobLogLevel, outcome._tag === "Snoozed" ? "job snoozed" : "job given back", fields())
      }
  }
}

/** Says that an outcome changed nothing, because its claim was lost. */
export const lost = (shop: Workshop.Workshop, held: Held): void => {
  if (held.transaction === "unknown") return
  say(shop, "Warn", "the claim was lost: the outcome changed nothing, another worker runs the job", {
    ...annotations(held),
    outcome: held.outcome?._tag ?? "none"
  })
}

/** Says something at a level, whatever its logger does. */
export const say = (
  shop: Workshop.Workshop,
  level: LogLevel.Severity,
  message: string,
  fields: Readonly<Record<string, unknown>>
): void => {
  Effect.runForkWith(shop.context)(Effect.annotateLogs(Effect.logWithLevel(level)(message), fields))
}

/** Log lines are short; the whole message is in the job's history. */
const brief = (text: string): string => text.length > 200 ? `${text.slice(0, 200)}…` : text

/**
 * Starts the span of an attempt, if its handler has a tracer.
 *
 * The first start of a job that was enqueued by itself is part of the trace of who enqueued it. Later starts, maybe days
 * later, and jobs that were enqueued many at a time have traces of their own, with a link to that one: as OpenTelemetry's
 * conventions for messaging have it.
 */
export const startSpan = (shop: Workshop.Workshop, held: Held, handler: Handler): Tracer.Span | null => {
  // A reference always has a value: only one that somebody set is worth its cost.
  if (!handler.context.mapUnsafe.has(Tracer.TracerKey)) return null
  const tracer = Context.get(handler.context, Tracer.Tracer)
  return guarded(() => {
    const span = tracer.span({
      name: `job ${held.claim.name}`,
      annotations: Context.empty(),
      startTime: shop.clock.currentTimeNanosUnsafe(),
      kind: "consumer",
      ...placeOf(held)
    })
    for (const [key, value] of Object.entries(annotations(held))) span.attribute(`millrace.${key}`, value)
    return span
  }) ?? null
}

/** Where the span of an attempt stands: the token tells the first start of a job, snoozes and returns included. */
const placeOf = ({ claim: { retry, token } }: Held) => {
  const origin = Trace.originOf(retry)
  return origin !== null && token === 1 && !origin.isOneOfMany
    ? { parent: Option.some(origin.span), links: [], root: false, sampled: origin.span.sampled }
    : {
      parent: Option.none(),
      links: origin === null ? [] : [{ span: origin.span, attributes: {} }],
      root: true,
      sampled: true
    }
}

/** Ends the span of an attempt. */
export const endSpan = (shop: Workshop.Workshop, span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  guarded(() => span.end(shop.clock.currentTimeNanosUnsafe(), exit))
}

const guarded = <A>(act: () => A): A | undefined => {
  try {
    return act()
  } catch {
    return undefined
  }
}
