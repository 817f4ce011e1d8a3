/**
 * The next instant of a timing: pure arithmetic over calendars and zones.
 */
import type { ScheduleTiming } from "@millrace/storage/ScheduleRecord"
import * as Result from "effect/Result"
import type { CronExpression } from "../CronExpression.ts"
import * as Cron from "../CronExpression.ts"
import * as Calendar from "./calendar.ts"
import * as Zone from "./zone.ts"

/** A timing that was understood. */
export type Clockwork =
  | { readonly _tag: "Cron"; readonly expression: CronExpression; readonly zone: Zone.Zone }
  | { readonly _tag: "Every"; readonly everyMillis: number; readonly anchorMillis: number }
  | { readonly _tag: "Once"; readonly atMillis: number }

/** The last instant of the year 9999: what comes later is never. */
export const latestMillis = 253_402_300_799_999

/** Timings kept understood. A program has few schedules, and reads each again and again. */
const kept = 4096

const known = new Map<string, Clockwork>()

/** The clockwork of a stored timing; null when this release does not understand it. */
export const clockworkOf = (timing: ScheduleTiming): Clockwork | null => {
  if (timing._tag !== "Cron") return timing
  const key = `${timing.timeZone}\n${timing.cron}`
  const before = known.get(key)
  if (before !== undefined) return before
  const expression = Result.getOrNull(Cron.parse(timing.cron))
  const zone = Zone.of(timing.timeZone)
  if (expression === null || zone === null) return null
  if (known.size >= kept) known.clear()
  const clockwork: Clockwork = { _tag: "Cron", expression, zone }
  known.set(key, clockwork)
  return clockwork
}

/** The first instant later than `afterMillis`; null when there is none. */
export const next = (clockwork: Clockwork, afterMillis: number): number | null => {
  const found = nextOf(clockwork, afterMillis)
  return found === null || found > latestMillis ? null : found
}

const nextOf = (clockwork: Clockwork, afterMillis: number): number | null => {
  switch (clockwork._tag) {
    case "Once":
      return clockwork.atMillis > afterMillis ? clockwork.atMillis : null
    case "Every": {
      const { anchorMillis, everyMillis } = clockwork
      const count = Math.max(0, Math.floor((afterMillis - anchorMillis) / everyMillis) + 1)
      return anchorMillis + count * everyMillis
    }
    case "Cron": {
      const { expression, zone } = clockwork
      const from = Math.floor(afterMillis / 1000) + 1
      const found = expression.isInterval ? nextShown(expression, zone, from) : nextTimeOfDay(expression, zone, from)
      return found === null ? null : found * 1000
    }
  }
}

/** No clock change moves the wall by more than this: a local time is never further from its instant in UTC. */
const aheadSeconds = 2 * Calendar.daySeconds

/** The next instant at which the clock shows a time that fits. */
const nextShown = (expression: CronExpression, zone: Zone.Zone, from: number): number | null => {
  let at = from
  for (;;) {
    const { span } = Zone.spanAt(zone, at)
    const local = Calendar.nextLocal(expression, at + span.offset)
    if (local === null) return null
    if (local - span.offset < span.end) return local - span.offset
    // Span by span: a clock that is set back shows times again that fit before.
    at = span.end
  }
}

/** The next instant of a time of the day: the first when it is repeated, the end of the gap when it is skipped. */
const nextTimeOfDay = (expression: CronExpression, zone: Zone.Zone, from: number): number | null => {
  const local = Calendar.nextLocal(expression, firstLocal(zone, from))
  if (local === null) return null
  let { span } = Zone.spanAt(zone, Math.max(from, local - aheadSeconds))
  while (local >= span.end + span.offset) span = Zone.spanAt(zone, span.end).span
  return Math.max(local - span.offset, span.start)
}

/** The first local time whose turn can come at or after an instant. */
const firstLocal = (zone: Zone.Zone, from: number): number => {
  const { span, wallBefore } = Zone.spanAt(zone, from)
  // At the change itself, what it skips has its turn; after it, what it repeats had its.
  return from === span.start && wallBefore !== null
    ? wallBefore
    : Math.max(from + span.offset, wallBefore ?? Number.NEGATIVE_INFINITY)
}
