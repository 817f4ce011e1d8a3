/**
 * Seeded dice: the same seed throws the same numbers, on every machine.
 */

/** A source of reproducible numbers. */
export interface Dice {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly unit: () => number
  /** A whole number from 0 (inclusive) to `end` (exclusive). */
  readonly below: (end: number) => number
  /** A whole number from `first` to `last`, both inclusive. */
  readonly between: (first: number, last: number) => number
  /** True in that share of throws. */
  readonly chance: (share: number) => boolean
  /** One of the values. */
  readonly pick: <A>(values: readonly [A, ...ReadonlyArray<A>]) => A
}

/** Dice for a seed. Streams of one seed are independent of each other: what one throws does not change another. */
export const make = (seed: number, stream: string): Dice => {
  // Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, fast, good enough to choose faults with.
  let state = mix(seed, stream)
  const unit = () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (end: number) => Math.floor(unit() * end)
  return {
    unit,
    below,
    between: (first, last) => first + below(last - first + 1),
    chance: (share) => unit() < share,
    pick: (values) => values[below(values.length)] ?? values[0]
  }
}

/** FNV-1a over the stream's name, started from the seed. */
const mix = (seed: number, stream: string): number => {
  let hash = Math.imul(seed ^ 0x811c9dc5, 0x01000193) ^ (seed >>> 16)
  for (let index = 0; index < stream.length; index++) {
    hash = Math.imul(hash ^ stream.charCodeAt(index), 0x01000193)
  }
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 0
}
