/**
 * Limits: how many jobs may run at a time, or start in a time, by a key.
 *
 * A limit is a plain value with a name. Jobs and queues that use limits of one name share it; a job may have several,
 * and starts when all of them have room. Limits are exact across all processes: the storage decides them inside of the
 * claim. A job without room stays `available` and holds nobody else up.
 *
 * A limit is declared to the storage by the workers and producers that use it. When releases of a program differ, the
 * newest one's rule holds. Operators may pause a limit, and override it for one key for a time.
 *
 * @since 0.1.0
 */
import type { LimitRule } from "@millrace/storage/Limit"
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Checks from "./internal/optionChecks.ts"
import type { InvalidOption } from "./QueueError.ts"

/**
 * A limit that jobs with this payload may have.
 *
 * **Details**
 *
 * `rule` is what the storage knows of it. `key` tells which jobs count together: those of a tenant, those with the same
 * text, or, when null, all. `weight` is what one job takes of a rate.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Limit<in Payload = unknown> {
  readonly rule: LimitRule
  readonly key: Key<Payload> | null
  readonly weight: Weight<Payload>
}

/**
 * Which jobs count together: those of one tenant, or those whose payload gives the same text (1 to 255 characters).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Key<Payload> = "tenant" | ((payload: Payload) => string)

/**
 * What one job takes of a rate: a whole number from 1 on, fixed or by payload.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Weight<Payload> = number | ((payload: Payload) => number)

/**
 * At most `max` jobs of a key run at the same time, counted over all queues and processes.
 *
 * **Details**
 *
 * A slot is free again when its job is settled, given back, or taken back from a dead worker; `key` defaults to one for
 * all jobs.
 *
 * **Errors**
 *
 * Throws `InvalidOption`, as every constructor here: for a name that is not 1 to 255 characters without controls, and
 * for numbers and durations out of range.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const concurrency = <Payload = unknown>(
  name: string,
  options: { readonly max: number; readonly key?: Key<Payload> }
): Limit<Payload> => ({
  rule: Result.getOrThrow(concurrencyRule(name, options.max)),
  key: options.key ?? null,
  weight: 1
})

/**
 * At most `permits` jobs of a key start in `per`, counted over all queues and processes.
 *
 * **Details**
 *
 * - `mode` `bucket`: permits come back evenly, up to `burst` of them; in any window at most `permits + burst` are used.
 *   `burst` is how many may start at once, at least 1; it defaults to `permits`
 * - `mode` `window`: at most `permits` in each window of length `per`, all at once if they like; windows follow the
 *   storage's clock
 * - `weight`: permits that one job takes. Defaults to 1. One that is heavier than the burst, or the window, starts when
 *   that is full
 * - `key`: defaults to one for all jobs
 * - `mode` defaults to `bucket`. Permits are taken when a job starts, and not given back
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const rate = <Payload = unknown>(
  name: string,
  options: {
    readonly permits: number
    readonly per: Duration.Input
    readonly burst?: number
    readonly mode?: "bucket" | "window"
    readonly weight?: Weight<Payload>
    readonly key?: Key<Payload>
  }
): Limit<Payload> => ({
  rule: Result.getOrThrow(rateRule(name, options)),
  key: options.key ?? null,
  weight: typeof options.weight === "number"
    ? Result.getOrThrow(weightOf(options.weight))
    : options.weight ?? 1
})

/**
 * Jobs of a key run strictly one after the other, in the order in which they were enqueued.
 *
 * **Details**
 *
 * A job that failed, sleeps or waits for its retry keeps its turn until it is `completed`, `cancelled` or `dead`: none
 * of its key passes it.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fifo = <Payload = unknown>(
  name: string,
  options: { readonly key: Key<Payload> }
): Limit<Payload> => ({
  rule: { name: Result.getOrThrow(Checks.label("limit", name)), kind: "order", max: 1, perMillis: null, burst: null },
  key: options.key,
  weight: 1
})

/** Most jobs of a limit, and most permits. */
const permitsMax = 1_000_000_000

/** Longest window: a rule of a month is a budget, and still exact. */
const perMillisMax = 366 * 86_400_000

const concurrencyRule = (name: string, max: number): Result.Result<LimitRule, InvalidOption> =>
  Result.gen(function*() {
    return {
      name: yield* Checks.label("limit", name),
      kind: "concurrency" as const,
      max: yield* Checks.whole("max", max, 1, permitsMax),
      perMillis: null,
      burst: null
    }
  })

const rateRule = (
  name: string,
  options: {
    readonly permits: number
    readonly per: Duration.Input
    readonly burst?: number
    readonly mode?: "bucket" | "window"
  }
): Result.Result<LimitRule, InvalidOption> =>
  Result.gen(function*() {
    const max = yield* Checks.whole("permits", options.permits, 1, permitsMax)
    const isWindow = options.mode === "window"
    if (isWindow && options.burst !== undefined) {
      return yield* Checks.refuse("burst", "a window has no burst: it takes its permits at once")
    }
    return {
      name: yield* Checks.label("limit", name),
      kind: isWindow ? "window" as const : "rate" as const,
      max,
      perMillis: yield* perMillis(options.per),
      burst: isWindow ? null : yield* Checks.whole("burst", options.burst ?? max, 1, permitsMax)
    }
  })

const perMillis = (per: Duration.Input): Result.Result<number, InvalidOption> =>
  Result.flatMap(
    Checks.duration("per", per),
    (millis) =>
      millis >= 1 && millis <= perMillisMax
        ? Result.succeed(millis)
        : Checks.refuse("per", "expected a duration from 1 millisecond to 366 days")
  )

/** A fixed weight. */
const weightOf = (weight: number): Result.Result<number, InvalidOption> => Checks.whole("weight", weight, 1, permitsMax)
