/**
 * Seeded jitter: spreads delays so that jobs which failed together do not come back together.
 *
 * There is no random source. The spread is a hash of the seed (the job's id) and the failure number, so the same
 * failure of the same job gets the same delay in any process, while different jobs are spread evenly. Jitter only ever
 * shortens a delay, except `decorrelated`, which wanders between bounds of its own; none of them exceeds the cap.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { maxDelayMillis } from "./Backoff.ts"

/**
 * Schema of the kinds of jitter.
 *
 * **Details**
 *
 * For a curve delay d, already capped:
 *
 * - `none`: d
 * - `full`: evenly between 0 and d
 * - `equal`: evenly between d / 2 and d
 * - `decorrelated`: evenly between the curve's first delay and three times the previous delay, but at most three times d
 *   and at most the cap
 *
 * **Source**
 *
 * The names and formulas are those of "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. The bound of three
 * times d is ours: it keeps a fixed or linear curve near its own delays.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Jitter = Schema.Literals(["none", "full", "equal", "decorrelated"])

/**
 * A kind of jitter.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Jitter = typeof Jitter.Type

/**
 * How many failures `decorrelated` replays at most: 256.
 *
 * **Details**
 *
 * Its delay depends on the delay before it, so it is replayed from failure 1, or from the 256th before last. One step
 * multiplies by 3 / e on average, so that 256 steps cover any span between a base and a cap: the walk has forgotten
 * where it began.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const replayLimit = 256

/**
 * Part of a server-told delay over which jobs are spread after it: 20 %.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const toldSpread = 0.2

/**
 * What a jittered delay is computed from.
 *
 * **Details**
 *
 * `seed` is the job's id. `failures` counts from 1. `curveMillis` is the curve, capped at `capMillis`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly seed: string
  readonly failures: number
  readonly capMillis: number
  readonly curveMillis: (failures: number) => number
}

/**
 * Returns the jittered delay in whole milliseconds, at least 0 and never above `capMillis`.
 *
 * **Details**
 *
 * A pure function of its arguments: the same in every process and after every restart.
 *
 * @stability unstable
 * @category jitter
 * @since 0.1.0
 */
export const delayMillis = (jitter: Jitter, input: Input): number => {
  const delay = input.curveMillis(input.failures)
  switch (jitter) {
    case "none":
      return delay
    case "full":
      return between(0, delay, fraction(input.seed, input.failures))
    case "equal":
      return between(Math.ceil(delay / 2), delay, fraction(input.seed, input.failures))
    case "decorrelated":
      return decorrelatedMillis(input)
  }
}

/**
 * Returns a delay told by a server, spread by up to `toldSpread` of itself when the policy has jitter.
 *
 * **Details**
 *
 * Never less than what was told, in whole milliseconds, and at most 365 days. Without the spread all jobs that were told
 * the same time would come back in the same millisecond.
 *
 * @stability unstable
 * @category jitter
 * @since 0.1.0
 */
export const toldMillis = (jitter: Jitter, told: number, seed: string, failures: number): number => {
  const least = Math.min(maxDelayMillis, Math.ceil(told))
  if (jitter === "none") return least
  const most = Math.min(maxDelayMillis, least + Math.floor(least * toldSpread))
  return between(least, most, fraction(seed, failures))
}

/**
 * Returns a number from 0 (inclusive) to 1 (exclusive) that depends on the seed and the failure number alone.
 *
 * **Details**
 *
 * 32 bits. The values never change between releases: a job that waits for its retry across an upgrade keeps its delays.
 *
 * **Source**
 *
 * FNV-1a of the seed's UTF-16 code units (RFC 9923), advanced by the golden ratio per failure and mixed by the
 * finaliser of MurmurHash3.
 *
 * @stability unstable
 * @category hashing
 * @since 0.1.0
 */
export const fraction = (seed: string, failures: number): number => fractionOfHash(hashSeed(seed), failures)

const decorrelatedMillis = (input: Input): number => {
  const hash = hashSeed(input.seed)
  const least = input.curveMillis(1)
  let previous = least
  const steps = Math.min(replayLimit, input.failures)
  for (let step = 1; step <= steps; step++) {
    const n = input.failures - steps + step
    const curve = input.curveMillis(n)
    // Three times 0 is 0: a curve that starts at 0 is followed until it leaves 0.
    const reach = previous === 0 ? curve : 3 * previous
    const most = Math.min(input.capMillis, 3 * curve, reach)
    previous = between(Math.min(least, most), most, fractionOfHash(hash, n))
  }
  return previous
}

/** The whole number at `fraction` of the way from `least` to `most`, both inclusive and equally likely. */
const between = (least: number, most: number, fraction: number): number =>
  least + Math.floor(fraction * (most - least + 1))

const fractionOfHash = (hash: number, failures: number): number =>
  mix((hash + Math.imul(failures, 0x9e37_79b9)) >>> 0) / 0x1_0000_0000

const hashSeed = (seed: string): number => {
  let hash = 0x811c_9dc5
  for (let index = 0; index < seed.length; index++) {
    hash = Math.imul(hash ^ seed.charCodeAt(index), 0x0100_0193)
  }
  return hash >>> 0
}

const mix = (hash: number): number => {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2_ae35)
  return (second ^ (second >>> 16)) >>> 0
}
