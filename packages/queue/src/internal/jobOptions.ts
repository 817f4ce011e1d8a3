/**
 * The options of a kind of job, checked, with every default filled in.
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import type { Config, PayloadSchema, RetryByTag } from "../JobConfig.ts"
import type { AnySchema, Options } from "../JobDefinition.ts"
import { InvalidOption } from "../QueueError.ts"
import * as JobLimits from "./jobLimits.ts"
import * as Once from "./once.ts"
import * as Checks from "./optionChecks.ts"

/** The options of a definition, or which one can not be. */
export const resolve = <Payload extends Schema.Struct.Fields | AnySchema, Error extends AnySchema>(
  name: string,
  config: Config<Payload, AnySchema, Error>
): Result.Result<Options<PayloadSchema<Payload>["Type"]>, InvalidOption> =>
  Result.gen(function*() {
    const retry = policyOf(config.retry)
    const version = yield* Checks.version(config.version ?? 1)
    return {
      queue: yield* Checks.label("queue", config.queue ?? Defaults.queue),
      priority: yield* Checks.priority(config.priority ?? "normal"),
      timeoutMillis: yield* Checks.timeout(config.timeout ?? Defaults.timeoutMillis),
      maxAttempts: yield* Checks.attempts(config.maxAttempts ?? RetryPolicy.attemptsLimit(retry)),
      retry,
      leavesTimeout: config.timeout === undefined,
      leavesRetry: config.retry === undefined,
      leavesAttempts: config.maxAttempts === undefined && config.retry === undefined,
      tags: yield* Checks.tags(config.tags ?? []),
      version,
      versionMin: yield* versionMin(version, config.upcasters ?? {}),
      ttlMillis: config.ttl === undefined ? null : yield* Checks.timeout(config.ttl, "ttl"),
      ...(yield* limitsOf(name, config)),
      ...(yield* onceOf(config))
    }
  })

/** The limits of a job, its order among them. */
const limitsOf = <Payload extends Schema.Struct.Fields | AnySchema>(
  name: string,
  { fifo, limits = [] }: Config<Payload, AnySchema, AnySchema>
) =>
  Result.map(JobLimits.rulesOf(limits), (rules) => ({
    rules: fifo === undefined ? rules : [...rules, JobLimits.orderRule(name)],
    ...(limits.length === 0 ? {} : { limitsOf: JobLimits.ofPayload(limits) }),
    ...(fifo === undefined ? {} : { fifoKey: fifo })
  }))

/** What becomes of enqueues with the same key. */
const onceOf = <Payload extends Schema.Struct.Fields | AnySchema>(config: Config<Payload, AnySchema, AnySchema>) =>
  Result.gen(function*() {
    const { debounce, throttle } = config
    const unique = typeof config.unique === "function" ? { key: config.unique } : config.unique
    if (debounce?.reduce !== undefined && debounce.payload !== undefined) {
      return yield* Checks.refuse("debounce.payload", "reduce and payload exclude each other")
    }
    const once = yield* Once.ruleOf({
      ...(unique === undefined ? {} : { unique }),
      ...(throttle === undefined ? {} : { throttle }),
      ...(debounce === undefined ? {} : { debounce })
    })
    const onceKey = (unique ?? throttle ?? debounce)?.key
    const reduce = debounce?.reduce
    return {
      once,
      ...(onceKey === undefined ? {} : { onceKey }),
      ...(reduce === undefined ? {} : { reduce })
    }
  })

/** The policy of a job: its rules by tag are part of it. */
const policyOf = (retry: RetryPolicy.RetryPolicy | RetryByTag<never> | undefined): RetryPolicy.RetryPolicy => {
  if (retry === undefined) return RetryPolicy.default
  if (retry._tag !== undefined) return retry
  return (retry.otherwise ?? RetryPolicy.default).pipe(RetryPolicy.byTag(retry.byTag))
}

/** The oldest version that is taken: below the present one there is an upcaster for each, without a gap. */
const versionMin = (
  version: number,
  upcasters: { readonly [version: number]: unknown }
): Result.Result<number, InvalidOption> => {
  const older = Object.keys(upcasters).map(Number).toSorted((a, b) => b - a)
  const misfit = older.find((key, index) => key !== version - 1 - index || key < 1)
  return misfit === undefined ? Result.succeed(version - older.length) : Result.fail(
    new InvalidOption({
      field: `upcasters.${misfit}`,
      detail: `expected the versions below ${version} without a gap, down to 1 at most`
    })
  )
}
