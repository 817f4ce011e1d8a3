/**
 * Monotonic time in milliseconds: the only time that deadlines and durations inside a worker are made of.
 */
import type * as Clock from "effect/Clock"

/** The monotonic time of a clock, in milliseconds with fractions. Its origin means nothing. */
export const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
