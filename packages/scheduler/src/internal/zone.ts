/**
 * Time zones as spans of one offset, found by asking Effect's `DateTime` (which asks `Intl`) and remembered.
 *
 * All numbers are seconds: instants since 1970-01-01T00:00:00Z, offsets east of Greenwich.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/** A time zone: its name and what is known of it. */
export interface Zone {
  readonly named: DateTime.TimeZone.Named
  readonly windows: Map<number, ReadonlyArray<Span>>
}

/** A span of instants from `start` to before `end`, in which the offset is the same. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly offset: number
}

const daySeconds = 86_400

/** What is looked up at once: spans never reach beyond it. */
const windowSeconds = 400 * daySeconds

/**
 * How far a window looks back, so that the beginning of a span is known to whoever stands shortly after it: longer than
 * any repeated time.
 */
const lookBackSeconds = 2 * daySeconds

/** Windows kept for a zone, about 70 years. */
const windowsKept = 64

/** Zones kept: as many as there are, and some. */
const zonesKept = 1024

const zones = new Map<string, Zone>()

/** The zone of a name; null when there is none. */
export const of = (name: string): Zone | null => {
  const known = zones.get(name)
  if (known !== undefined) return known
  const named = Option.getOrNull(DateTime.zoneMakeNamed(name))
  if (named === null) return null
  if (zones.size >= zonesKept) zones.clear()
  const zone: Zone = { named, windows: new Map() }
  zones.set(name, zone)
  return zone
}

/** The span of an instant, and what the wall would have shown at its start without the change; null if that is long ago. */
export const spanAt = (zone: Zone, at: number): { readonly span: Span; readonly wallBefore: number | null } => {
  const spans = windowOf(zone, Math.floor(at / windowSeconds))
  let before: Span | undefined
  for (const span of spans) {
    if (at < span.end) {
      return { span, wallBefore: before === undefined ? null : span.start + before.offset }
    }
    before = span
  }
  // A window's last span ends where the next window begins, so that one of them holds the instant.
  return { span: { start: at, end: at + 1, offset: offsetAt(zone, at) }, wallBefore: null }
}

const windowOf = (zone: Zone, index: number): ReadonlyArray<Span> => {
  const known = zone.windows.get(index)
  if (known !== undefined) return known
  if (zone.windows.size >= windowsKept) zone.windows.clear()
  const spans = spansBetween(zone, index * windowSeconds - lookBackSeconds, (index + 1) * windowSeconds)
  zone.windows.set(index, spans)
  return spans
}

/** Looks at every day. Two changes within one day that undo each other would not be seen: no zone has had such. */
const spansBetween = (zone: Zone, from: number, to: number): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  let start = from
  let offset = offsetAt(zone, from)
  for (let day = from; day < to; day += daySeconds) {
    const next = Math.min(day + daySeconds, to)
    let seen = day
    while (offsetAt(zone, next) !== offset) {
      seen = changeBetween(zone, seen, next, offset)
      spans.push({ start, end: seen, offset })
      start = seen
      offset = offsetAt(zone, seen)
    }
  }
  if (start < to) spans.push({ start, end: to, offset })
  return spans
}

/** The first instant after `low`, at most `high`, at which the offset is another one than at `low`. */
const changeBetween = (zone: Zone, low: number, high: number, offset: number): number => {
  let same = low
  let changed = high
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2)
    if (offsetAt(zone, middle) === offset) same = middle
    else changed = middle
  }
  return changed
}

const offsetAt = (zone: Zone, at: number): number =>
  DateTime.zonedOffset(DateTime.makeZonedUnsafe(at * 1000, { timeZone: zone.named })) / 1000
