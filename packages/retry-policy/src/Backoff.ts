/**
 * Delay curves: how long to wait after the n-th failure, before jitter and cap.
 *
 * A curve is plain data and `delayMillis` is a pure function of the curve and the failure number, so any process that
 * knows both computes the same delay. Delays are whole milliseconds between 0 and `maxDelayMillis`; no curve
 * overflows, however many failures there were.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * Longest delay of any policy: 365 days, in milliseconds.
 *
 * **Details**
 *
 * The bound keeps instants valid and stops an exponential curve that has no cap.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const maxDelayMillis = 31_536_000_000

/**
 * Most delays that a `Table` may hold: 1,000.
 *
 * **Details**
 *
 * A policy may be stored with every job; the bound keeps it a few kilobytes. After the last entry its delay repeats.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const maxTableDelays = 1000

const millisExpected = `whole milliseconds from 0 to ${maxDelayMillis} (365 days)`
const factorExpected = "a finite factor of 1 or more"

/**
 * Schema of a delay: whole milliseconds from 0 to `maxDelayMillis`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Millis = Schema.Int.annotate({ expected: millisExpected }).check(
  Schema.isBetween({ minimum: 0, maximum: maxDelayMillis }, { expected: millisExpected })
)

/**
 * Schema of an exponential factor: a finite number of 1 or more.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Factor = Schema.Finite.annotate({ expected: factorExpected }).check(
  Schema.isGreaterThanOrEqualTo(1, { expected: factorExpected })
)

/**
 * Schema of `Never`: no retry, so no delay.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Never = Schema.TaggedStruct("Never", {})

/**
 * Schema of `Fixed`: the same delay after every failure.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Fixed = Schema.TaggedStruct("Fixed", { delayMillis: Millis })

/**
 * Schema of `Linear`: `baseMillis + stepMillis × (n − 1)` after failure n.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Linear = Schema.TaggedStruct("Linear", { baseMillis: Millis, stepMillis: Millis })

/**
 * Schema of `Exponential`: `baseMillis × factor ^ (n − 1)` after failure n. `factor` defaults to 2.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Exponential = Schema.TaggedStruct("Exponential", {
  baseMillis: Millis,
  factor: Factor.pipe(Schema.withDecodingDefaultKey(Effect.succeed(2)))
})

/**
 * Schema of `Table`: the n-th entry after failure n, the last entry from then on. 1 to `maxTableDelays` entries.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Table = Schema.TaggedStruct("Table", {
  delaysMillis: Schema.NonEmptyArray(Millis).check(
    Schema.isMaxLength(maxTableDelays, { expected: `at most ${maxTableDelays} delays` })
  )
})

/**
 * A curve that has delays: every curve but `Never`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Backoff = typeof Fixed.Type | typeof Linear.Type | typeof Exponential.Type | typeof Table.Type

/**
 * Returns the delay of a curve after failure number `failures`, in whole milliseconds.
 *
 * **Details**
 *
 * `failures` counts from 1; less than 1 counts as 1. The result is never below 0, never above `maxDelayMillis`, and
 * rounded to the nearest millisecond.
 *
 * @stability unstable
 * @category curves
 * @since 0.1.0
 */
export const delayMillis = (backoff: Backoff, failures: number): number => {
  // Finite: 1 ^ Infinity and 0 × Infinity are NaN.
  const earlier = failures >= 1 ? Math.min(Math.floor(failures), Number.MAX_SAFE_INTEGER) - 1 : 0
  return Math.round(Math.min(maxDelayMillis, rawMillis(backoff, earlier)))
}

/** `earlier` is the number of failures before this one. May be Infinity, never NaN. */
const rawMillis = (backoff: Backoff, earlier: number): number => {
  switch (backoff._tag) {
    case "Fixed":
      return backoff.delayMillis
    case "Linear":
      return backoff.baseMillis + backoff.stepMillis * earlier
    case "Exponential":
      // 0 × Infinity is NaN: a base of 0 stays 0 also where the power overflows.
      return backoff.baseMillis === 0 ? 0 : backoff.baseMillis * Math.pow(backoff.factor, earlier)
    case "Table":
      return backoff.delaysMillis[Math.min(earlier, backoff.delaysMillis.length - 1)] ?? 0
  }
}
