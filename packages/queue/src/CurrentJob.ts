/**
 * What a handler may know and say about the attempt it is running.
 *
 * @since 0.1.0
 */
import type { JobId } from "@millrace/storage/JobId"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { Snooze, TransactionFailed } from "./JobSignal.ts"
import type { Unsupported } from "./QueueError.ts"

/**
 * The attempt under way.
 *
 * **Details**
 *
 * - `attempt` is 1-based; `maxAttempts` the number of failures after which the job is `dead`.
 * - `token` grows with every claim of this job for ever: hand it to other systems as a fencing token.
 *   `leaseId` names the claim's lease in the storage.
 * - `tenant` is `""` for a job without one.
 * - `deadline` is when the attempt is interrupted, by this machine's clock; null before it is known.
 * - `progress` takes a share from 0 to 1 (others are moved to the nearer end) and a note of at most 8 KiB; it is
 *   written in the background, the newest wins.
 * - `log` adds a line of at most 8 KiB to the job's log. Defaults to level `Info`.
 * - `checkpoint` stores a JSON value of at most 1 MiB and waits until it is stored; a later attempt reads it back
 *   with `checkpointed`. Dies with `InvalidOption` for a value that is too large or nested too deeply.
 * - `checkpointed` is the newest checkpoint of this job, of this attempt or an earlier one.
 * - `sleep`: see `Job.sleep`, which checks its arguments.
 * - `transactional`: see `Job.transactional`.
 *
 * Text is freed of NUL bytes and lone surrogates and cut; none of these effects fails the handler. When the claim was
 * lost, they interrupt it.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Info {
  readonly id: JobId
  readonly name: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly token: number
  readonly leaseId: string
  readonly queue: string
  readonly tenant: string
  readonly tags: ReadonlyArray<string>
  readonly deadline: DateTime.Utc | null
  readonly createdAt: DateTime.Utc
  readonly progress: (value: number, note?: string) => Effect.Effect<void>
  readonly log: (message: string, level?: LogLevel.Severity) => Effect.Effect<void>
  readonly checkpoint: (value: Schema.Json) => Effect.Effect<void>
  readonly checkpointed: Effect.Effect<Option.Option<Schema.Json>>
  readonly sleep: <E, R>(
    name: string,
    millis: number,
    before: Effect.Effect<Schema.Json, E, R>
  ) => Effect.Effect<Schema.Json, E | Snooze, R>
  readonly transactional: <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | TransactionFailed | Unsupported, R>
}

/**
 * The service of the attempt under way, available in every handler.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class CurrentJob extends Context.Service<CurrentJob, Info>()("@millrace/queue/CurrentJob") {}
