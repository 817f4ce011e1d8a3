/**
 * Ends of an attempt that are neither success nor failure, for a handler to fail with.
 *
 * A handler uses them through `Job.snooze`, `Job.sleep`, `Job.pauseLimit`, `Job.cancel`, `Job.dead` and `Job.transactional`; they need not be part of
 * the job's error schema.
 *
 * @since 0.1.0
 */
import { StorageError } from "@millrace/storage/StorageError"
import * as Schema from "effect/Schema"
import type { Unsupported } from "./QueueError.ts"

/**
 * The job comes back after `delayMillis`, and no attempt is spent.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Snooze extends Schema.TaggedClass<Snooze>()("JobSnooze", {
  delayMillis: Schema.Finite
}) {}

/**
 * The job comes back after `delayMillis` without an attempt spent, and until then nothing starts under this limit with
 * the job's key.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class PauseLimit extends Schema.TaggedClass<PauseLimit>()("JobPauseLimit", {
  limit: Schema.String,
  delayMillis: Schema.Finite
}) {}

/**
 * The job ends as `cancelled`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Cancel extends Schema.TaggedClass<Cancel>()("JobCancel", {
  reason: Schema.String
}) {}

/**
 * The job ends as `dead`, whatever attempts are left.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class Dead extends Schema.TaggedClass<Dead>()("JobDeath", {
  reason: Schema.String
}) {}

/**
 * The transaction of `Job.transactional` did not commit, or nobody knows whether it did.
 *
 * **Details**
 *
 * When the storage was unavailable the job is snoozed for a second, without an attempt spent; a conflict is a failed
 * attempt. If the transaction had committed after all, neither changes anything: the claim has ended with it.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export class TransactionFailed extends Schema.TaggedClass<TransactionFailed>()("JobTransactionFailed", {
  error: StorageError
}) {}

/**
 * Whatever a handler may fail with beside its own errors.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobSignal = Snooze | PauseLimit | Cancel | Dead | TransactionFailed | Unsupported
