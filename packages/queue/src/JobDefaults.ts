/**
 * What holds for jobs about which nobody says anything: their time-out, when failed attempts are repeated, and how often.
 *
 * A reference that producers and workers read. The order is always: what an enqueue says, what the definition says, this.
 *
 * @since 0.1.0
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Defaults from "./Defaults.ts"
import type { JobDefinition } from "./JobDefinition.ts"

/**
 * The defaults of jobs.
 *
 * **Details**
 *
 * - `timeoutMillis`: longest attempt
 * - `retry`: when failed attempts are repeated
 * - `maxAttempts`: failures after which a job is `dead`; null: those of `retry`
 *
 * Time-out and policy are the worker's, and hold for jobs that wait already. The number of attempts is stored with a job
 * by the producer that enqueues it: give the same defaults to both.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Values {
  readonly timeoutMillis: number
  readonly retry: RetryPolicy.RetryPolicy
  readonly maxAttempts: number | null
}

/**
 * The defaults when nobody configures any: 15 minutes, and `RetryPolicy.default` with its 25 attempts.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const values: Values = {
  timeoutMillis: Defaults.timeoutMillis,
  retry: RetryPolicy.default,
  maxAttempts: null
}

/**
 * The defaults of the jobs of a program. Defaults to `values`.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const JobDefaults = Context.Reference<Values>("@millrace/queue/JobDefaults", {
  defaultValue: () => values
})

/**
 * Provides defaults to `Queue.layer`, `Worker.layer` and `Scheduler.layer`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (defaults: Partial<Values>): Layer.Layer<never> =>
  Layer.succeed(JobDefaults, { ...values, ...defaults })

/**
 * The attempts of a job about which nobody says anything.
 *
 * @stability unstable
 * @category getters
 * @since 0.1.0
 */
export const attemptsOf = ({ maxAttempts, retry }: Values): number => maxAttempts ?? RetryPolicy.attemptsLimit(retry)

/**
 * A definition with these defaults in the place of what it leaves out.
 *
 * @stability unstable
 * @category getters
 * @since 0.1.0
 */
export const applied = (definition: JobDefinition, defaults: Values): JobDefinition => {
  const { leavesAttempts, leavesRetry, leavesTimeout } = definition.options
  if (defaults === values || !(leavesAttempts || leavesRetry || leavesTimeout)) return definition
  return {
    ...definition,
    options: {
      ...definition.options,
      ...(leavesTimeout ? { timeoutMillis: defaults.timeoutMillis } : {}),
      ...(leavesRetry ? { retry: defaults.retry } : {}),
      ...(leavesAttempts ? { maxAttempts: attemptsOf(defaults) } : {})
    }
  }
}

/** Durations of a policy end here: `RetryPolicy` takes no longer ones. */
const longest = Duration.days(365)

const durationMessage = "must be a duration from 1 millisecond to 365 days, such as 500 millis, 30 seconds or 2 minutes"

const DurationText = Schema.String.check(
  Schema.makeFilter((text) => {
    const parsed = Schema.decodeUnknownResult(Schema.DurationFromString)(text)
    if (Result.isFailure(parsed)) return durationMessage
    return (Duration.toMillis(parsed.success) >= 1 && Duration.isLessThanOrEqualTo(parsed.success, longest)) ||
      durationMessage
  })
).pipe(Schema.decodeTo(Schema.DurationFromString))

const Attempts = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: 10_000 }, { message: "must be a whole number from 1 to 10000" })
)

const strategies = ["exponential", "linear", "fixed", "none"] as const

const variables = Config.all({
  timeout: Config.schema(DurationText, "MILLRACE_TIMEOUT").pipe(
    Config.withDefault(Duration.millis(Defaults.timeoutMillis))
  ),
  strategy: Config.Literals(strategies, "MILLRACE_RETRY").pipe(Config.withDefault("exponential")),
  base: Config.schema(DurationText, "MILLRACE_RETRY_BASE").pipe(Config.withDefault(Duration.seconds(1))),
  cap: Config.schema(DurationText, "MILLRACE_RETRY_CAP").pipe(Config.withDefault(Duration.hours(1))),
  maxAttempts: Config.schema(Attempts, "MILLRACE_MAX_ATTEMPTS").pipe(
    Config.withDefault(RetryPolicy.defaultMaxAttempts)
  )
})

/**
 * The defaults of the environment.
 *
 * **Details**
 *
 * - `MILLRACE_TIMEOUT`: longest attempt. Defaults to 15 minutes
 * - `MILLRACE_RETRY`: `exponential` (doubling), `linear`, `fixed` or `none`. Defaults to `exponential`
 * - `MILLRACE_RETRY_BASE`: first delay, and the step of `linear`. Defaults to 1 second
 * - `MILLRACE_RETRY_CAP`: longest delay, jitter included. Defaults to 1 hour
 * - `MILLRACE_MAX_ATTEMPTS`: failures after which a job is `dead`. Defaults to 25
 *
 * Delays have equal jitter, as those of `RetryPolicy.default`, which is what this is when nothing is set.
 *
 * **Errors**
 *
 * `ConfigError` names the variable that is wrong, and what is allowed.
 *
 * @stability unstable
 * @category config
 * @since 0.1.0
 */
export const config: Config.Config<Values> = Config.map(variables, (found) => ({
  timeoutMillis: Math.ceil(Duration.toMillis(found.timeout)),
  retry: policyOf(found),
  maxAttempts: found.strategy === "none" ? 1 : found.maxAttempts
}))

const policyOf = ({ base, cap, maxAttempts, strategy }: {
  readonly strategy: typeof strategies[number]
  readonly base: Duration.Duration
  readonly cap: Duration.Duration
  readonly maxAttempts: number
}): RetryPolicy.RetryPolicy => {
  const options = { cap, maxAttempts, jitter: "equal" } as const
  switch (strategy) {
    case "exponential":
      return RetryPolicy.exponential({ base, ...options })
    case "linear":
      return RetryPolicy.linear({ base, ...options })
    case "fixed":
      return RetryPolicy.fixed(base, options)
    case "none":
      return RetryPolicy.never
  }
}

/**
 * Provides the defaults of the environment to `Queue.layer`, `Worker.layer` and `Scheduler.layer`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<never, Config.ConfigError> = Layer.effect(JobDefaults, config)
