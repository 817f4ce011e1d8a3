/**
 * What is stored with a job about its attempts, where it differs from the definition: its own retry policy, its deadline.
 *
 * A storage keeps it as JSON that it never looks at. A policy is stored as it is; with a deadline, or with the trace of who
 * enqueued the job (`trace.ts`), it has one more field, which a release that does not know it ignores.
 */
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as DateTime from "effect/DateTime"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { EnqueueOptions } from "../EnqueueOptions.ts"
import { InvalidOption } from "../QueueError.ts"
import * as Checks from "./optionChecks.ts"
import * as Text from "./text.ts"

/** The field of the deadline, in epoch milliseconds. */
const deadlineField = "millrace:deadline"

const encodePolicy = Schema.encodeUnknownResult(Schema.toCodecJson(RetryPolicy.RetryPolicy))
const decodePolicy = Schema.decodeUnknownExit(Schema.toCodecJson(RetryPolicy.RetryPolicy))

/** What is stored with a job of these options; null for nothing. */
export const stored = (options: EnqueueOptions): Result.Result<Schema.Json | null, InvalidOption> =>
  options.retry === undefined && options.deadline === undefined ? Result.succeed(null) : storedSome(options)

const storedSome = (options: EnqueueOptions): Result.Result<Schema.Json | null, InvalidOption> =>
  Result.gen(function*() {
    const policy = options.retry === undefined ? null : yield* encoded(options.retry)
    if (options.deadline === undefined) return policy
    const deadline = DateTime.toEpochMillis(yield* Checks.instant("deadline", options.deadline))
    return Object.assign({ [deadlineField]: deadline }, policy)
  })

const encoded = (policy: RetryPolicy.RetryPolicy): Result.Result<Schema.JsonObject, InvalidOption> =>
  Result.mapBoth(encodePolicy(policy), {
    onFailure: (error) => new InvalidOption({ field: "retry", detail: Text.sanitise(error.message, 1024) }),
    onSuccess: (json) => json as unknown as Schema.JsonObject
  })

/** The policy stored with a job; null when there is none, or one that this release can not read. */
export const policyOf = (json: Schema.Json | null): RetryPolicy.RetryPolicy | null => {
  if (json === null || fieldOf(json, "_tag") === undefined) return null
  const exit = decodePolicy(json)
  return Exit.isSuccess(exit) ? exit.value : null
}

/** The deadline stored with a job, in epoch milliseconds; Infinity when there is none. */
export const deadlineOf = (json: Schema.Json | null): number => {
  const deadline = json === null ? undefined : fieldOf(json, deadlineField)
  return typeof deadline === "number" ? deadline : Infinity
}

const fieldOf = (json: Schema.Json, field: string): Schema.Json | undefined =>
  typeof json === "object" && json !== null && !Array.isArray(json) && Object.hasOwn(json, field)
    ? (json as Schema.JsonObject)[field]
    : undefined
