/**
 * How many requests a caller may send: a bucket of tokens for each key and each address, in the memory of one server.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * A limit: `perSecond` requests on average, `burst` at once.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Limit {
  readonly perSecond: number
  readonly burst: number
}

/** One caller: how many requests were left at an instant. */
interface Bucket {
  readonly tokens: number
  readonly atMillis: number
}

/** The most callers that are remembered; beyond, the longest silent one starts anew with a full bucket. */
const callersMax = 10_000

/**
 * A limiter. `take` spends one token and answers 0, or spends none and answers the seconds until there is one.
 * `look` spends none.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface RateLimiter {
  readonly take: (caller: string) => Effect.Effect<number>
  readonly look: (caller: string) => Effect.Effect<number>
}

/**
 * Makes a limiter.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (limit: Limit): RateLimiter => {
  const buckets = new Map<string, Bucket>()
  const ask = (caller: string, cost: number) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const filled = refill(buckets.get(caller) ?? { tokens: limit.burst, atMillis: now }, limit, now)
      if (filled.tokens < 1) return secondsUntil(filled, limit)
      if (cost > 0) {
        // Deleted first, so that the map stays in the order of the last use.
        buckets.delete(caller)
        buckets.set(caller, { ...filled, tokens: filled.tokens - cost })
        if (buckets.size > callersMax) buckets.delete(buckets.keys().next().value ?? "")
      }
      return 0
    })
  return { take: (caller) => ask(caller, 1), look: (caller) => ask(caller, 0) }
}

const refill = (bucket: Bucket, { burst, perSecond }: Limit, now: number): Bucket => ({
  tokens: Math.min(burst, bucket.tokens + Math.max(0, now - bucket.atMillis) * perSecond / 1000),
  atMillis: now
})

const secondsUntil = ({ tokens }: Bucket, { perSecond }: Limit): number =>
  Math.max(1, Math.ceil((1 - tokens) / perSecond))
