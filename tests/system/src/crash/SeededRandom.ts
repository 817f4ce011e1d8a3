/**
 * Random numbers from a seed: the same seed, the same numbers (mulberry32).
 */

/** The next number of a sequence, from 0 up to 1. */
export type Random = () => number

/** Starts a sequence. */
export const make = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of the values. */
export const pick = <A>(random: Random, values: ReadonlyArray<A>): A | undefined =>
  values[Math.min(values.length - 1, Math.floor(random() * values.length))]
