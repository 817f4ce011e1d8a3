/**
 * Arithmetic on measurements: medians, percentiles, ranges, ratios. Pure.
 */

/** Sorts numbers upwards into a new array. */
const ascending = (values: ReadonlyArray<number>): Array<number> => values.toSorted((a, b) => a - b)

/** The value in the middle; the mean of the two middle ones for an even count; NaN for none. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = ascending(values)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** The smallest value that at least `share` (0 to 1) of the values do not exceed (nearest rank); NaN for none. */
export const percentile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = ascending(values)
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

/** Lowest and highest value. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** The lowest and the highest of the values; NaN for none. */
export const range = (values: ReadonlyArray<number>): Range => {
  const sorted = ascending(values)
  return { low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN }
}

/** How many times `b` goes into `a`; null when either is missing, zero or no number. */
export const ratio = (a: number | null | undefined, b: number | null | undefined): number | null =>
  typeof a === "number" && typeof b === "number" && Number.isFinite(a) && Number.isFinite(b) && b !== 0 ? a / b : null

/** The median of the values that are there; null when none is. */
export const medianOf = (values: ReadonlyArray<number | null>): number | null => {
  const present = values.filter((value): value is number => value !== null && Number.isFinite(value))
  return present.length === 0 ? null : median(present)
}

/** Median, p99 and count of a set of waits, in milliseconds. */
export interface Waits {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

/** Sums up waits. */
export const waits = (millis: ReadonlyArray<number>): Waits => ({
  p50: percentile(millis, 0.5),
  p99: percentile(millis, 0.99),
  count: millis.length
})
