/**
 * A small seeded source of choices: the same seed, the same choices, on every machine.
 */

/** A source of choices. */
export interface Random {
  /** A whole number from 0 up to, not including, `bound`. */
  readonly below: (bound: number) => number
  /** One of these. */
  readonly oneOf: <A>(first: A, ...rest: ReadonlyArray<A>) => A
  /** True once in `n` times. */
  readonly onceIn: (n: number) => boolean
  /** A list of `minimum` to `maximum` values. */
  readonly list: <A>(minimum: number, maximum: number, make: () => A) => ReadonlyArray<A>
}

/** Makes a source from a seed, by the generator mulberry32. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return {
    below,
    oneOf: (first, ...rest) => rest[below(rest.length + 1) - 1] ?? first,
    onceIn: (n) => below(n) === 0,
    list: (minimum, maximum, make) => Array.from({ length: minimum + below(maximum - minimum + 1) }, make)
  }
}
