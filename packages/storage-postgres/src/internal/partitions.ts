/** Days as partitions: their names and bounds. A day is the number of days since 1970-01-01 UTC. */
import * as DateTime from "effect/DateTime"

const dayMillis = 86_400_000

/** Days for which partitions are kept ready, today included: a week without any maintenance does no harm. */
const daysAhead = 8

/** Today and the days after it. */
export const comingDays = (nowMillis: number): ReadonlyArray<number> => {
  const today = Math.floor(nowMillis / dayMillis)
  return Array.from({ length: daysAhead }, (_, index) => today + index)
}

/** The first instant of a day and of the next, as ISO text. */
export const bounds = (day: number): readonly [from: string, to: string] => [isoOf(day), isoOf(day + 1)]

/** The name of the partition of a table for a day: `finished_20261122`. */
export const nameOf = (table: string, day: number): string => `${table}_${isoOf(day).slice(0, 10).replaceAll("-", "")}`

/** The day of a partition; null for the default partition and foreign names. */
export const dayOf = (table: string, name: string): number | null => {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(name.slice(table.length + 1))
  if (match === null || !name.startsWith(`${table}_`)) return null
  const at = DateTime.make({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) })
  if (at._tag === "None") return null
  const day = Math.floor(DateTime.toEpochMillis(at.value) / dayMillis)
  // A 32nd of a 13th month would be taken for a day of the next year.
  return nameOf(table, day) === name ? day : null
}

/** Whether every instant of a day lies before the cutoff. */
export const isOver = (day: number, cutoffMillis: number): boolean => (day + 1) * dayMillis <= cutoffMillis

const isoOf = (day: number): string => DateTime.formatIso(DateTime.makeUnsafe(day * dayMillis))
