/**
 * Retry policies from and to Effect's `Schedule`.
 *
 * `toSchedule` makes a policy usable with `Effect.retry` inside one process. `delaysOfSchedule` steps a schedule into
 * the table of delays that a policy stores, because a schedule is code and cannot be stored itself.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { maxDelayMillis, maxTableDelays } from "./Backoff.ts"
import { decide } from "./Decision.ts"
import { InvalidRetryPolicy } from "./InvalidRetryPolicy.ts"
import type { PolicyData } from "./PolicyData.ts"

/**
 * How a policy runs as a schedule.
 *
 * **Details**
 *
 * - `seed`: seed of the jitter. Defaults to a fresh one per run, from Effect's `Random`
 * - `errorTag`: tag for which rules apply. Defaults to the `_tag` of the schedule's input, which `Effect.retry` sets to
 *   the error
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ToScheduleOptions {
  readonly seed?: string | undefined
  readonly errorTag?: string | undefined
}

/**
 * Compiles a policy to a `Schedule` that recurs after the same delays as `decide` and outputs the number of failures.
 *
 * **Details**
 *
 * A policy of n attempts recurs n − 1 times. Elapsed time counts from the first failure, because a schedule does not
 * see when the first attempt started.
 *
 * @stability unstable
 * @category conversions
 * @since 0.1.0
 */
export const toSchedule = (policy: PolicyData, options: ToScheduleOptions = {}): Schedule.Schedule<number> =>
  Schedule.fromStepWithMetadata(Effect.map(seedOf(options), (seed) => (metadata: Schedule.InputMetadata<unknown>) => {
    const decision = decide(policy, {
      failures: metadata.attempt,
      elapsedMillis: metadata.elapsed,
      errorTag: options.errorTag ?? tagOf(metadata.input),
      seed
    })
    return decision._tag === "GiveUp"
      ? Cause.done(metadata.attempt)
      : Effect.succeed<[number, Duration.Duration]>([metadata.attempt, Duration.millis(decision.delayMillis)])
  }))

/**
 * What `delaysOfSchedule` found: the delays in whole milliseconds, and whether the schedule ended after them.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ScheduleDelays {
  readonly delaysMillis: ReadonlyArray<number>
  readonly ended: boolean
}

/**
 * Steps a schedule up to `count` times (at most `maxTableDelays`) and returns its delays.
 *
 * **Details**
 *
 * Time is simulated: it starts at the epoch and advances by each delay. The input of every step is undefined. A random
 * schedule is stepped with a fixed seed, so every process gets the same delays.
 *
 * **Errors**
 *
 * Throws `InvalidRetryPolicy` when a step waits for something else than its delay, or dies.
 *
 * @stability unstable
 * @category conversions
 * @since 0.1.0
 */
export const delaysOfSchedule = (schedule: Schedule.Schedule<unknown>, count: number): ScheduleDelays => {
  const exit = Effect.runSyncExit(Random.withSeed(stepSchedule(schedule, Math.min(count, maxTableDelays)), "retry"))
  if (Exit.isSuccess(exit)) return exit.value
  throw new InvalidRetryPolicy({
    field: "schedule",
    value: Cause.pretty(exit.cause),
    expected: "a schedule whose steps complete at once and do not fail"
  })
}

const stepSchedule = Effect.fnUntraced(function*(schedule: Schedule.Schedule<unknown>, count: number) {
  const step = yield* Schedule.toStep(schedule)
  const delaysMillis: Array<number> = []
  let now = 0
  while (delaysMillis.length < count) {
    const next = yield* Pull.catchDone(step(now, undefined), () => Effect.undefined)
    if (next === undefined) return { delaysMillis, ended: true }
    const delayMillis = Math.ceil(Math.min(maxDelayMillis, Math.max(0, Duration.toMillis(next[1]))))
    delaysMillis.push(delayMillis)
    now += delayMillis
  }
  return { delaysMillis, ended: false }
})

const seedOf = (options: ToScheduleOptions): Effect.Effect<string> =>
  options.seed === undefined ? Effect.map(Random.nextInt, String) : Effect.succeed(options.seed)

const tagOf = (input: unknown): string | undefined =>
  Predicate.hasProperty(input, "_tag") && Predicate.isString(input._tag) ? input._tag : undefined
