/**
 * A heart for tests: it renews nothing by itself. The test says when it beats, and whether the event loop hears of it.
 */
import type { Heart } from "@millrace/storage"

/** A heart in the hands of a test. */
export interface TestHeart {
  readonly service: Heart.HeartService
  /** What is kept at the moment. */
  readonly kept: Map<string, Heart.KeepOptions>
  /** Says that the lease of a worker was renewed at this monotonic time. */
  readonly beat: (workerId: string, sentMillis: number) => void
  /** Signs of life so far. */
  readonly signs: () => number
}

export const make = (): TestHeart => {
  const kept = new Map<string, Heart.KeepOptions>()
  const sent = new Map<string, number>()
  let signs = 0
  return {
    kept,
    beat: (workerId, sentMillis) => sent.set(workerId, sentMillis),
    signs: () => signs,
    service: {
      sign: () => {
        signs += 1
      },
      keep: (options) => {
        kept.set(options.workerId, options)
        return {
          sentMillis: () => sent.get(options.workerId) ?? -Infinity,
          stop: () => kept.delete(options.workerId)
        }
      }
    }
  }
}
