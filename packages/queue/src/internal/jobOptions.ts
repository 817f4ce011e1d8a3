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
import * as NewJobs from "./newJob.ts"

/** The options of a definition, or which one can not be. */
export const resolve = <Payload extends Schema.Struct.Fields | AnySchema, Error extends AnySchema>(
  config: Config<Payload, AnySchema, Error>
): Result.Result<Options<PayloadSchema<Payload>["Type"]>, InvalidOption> =>
  Result.gen(function*() {
    const retry = policyOf(config.retry)
    const version = yield* NewJobs.version(config.version ?? 1)
    return {
      queue: yield* NewJobs.label("queue", config.queue ?? Defaults.queue),
      priority: yield* NewJobs.priority(config.priority ?? "normal"),
      timeoutMillis: yield* NewJobs.timeout(config.timeout ?? Defaults.timeoutMillis),
      maxAttempts: yield* NewJobs.attempts(config.maxAttempts ?? RetryPolicy.attemptsLimit(retry)),
      retry,
      tags: yield* NewJobs.tags(config.tags ?? []),
      version,
      versionMin: yield* versionMin(version, config.upcasters ?? {}),
      ...(config.unique === undefined ? {} : { unique: config.unique })
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
