/**
 * What can go wrong when jobs are enqueued, read or steered.
 *
 * Every error is data: it names the field or the job it is about. Failures of the storage itself are
 * `StorageError` of `@millrace/storage`.
 *
 * @since 0.1.0
 */
import * as JobFailure from "@millrace/storage/JobFailure"
import * as JobId from "@millrace/storage/JobId"
import * as JobState from "@millrace/storage/JobState"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Schema from "effect/Schema"

/**
 * A payload was refused before it reached the storage.
 *
 * **Details**
 *
 * `name` is the job's name; `field` the JSON path of the culprit (`$` is the payload itself, then `$.user.id`, `$.list[3]`).
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidPayload extends Schema.TaggedError<InvalidPayload>()("InvalidPayload", {
  name: Schema.String,
  field: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Payload of job ${this.name} refused at ${this.field}: ${this.detail}`
  }
}

/**
 * An option, named by `field`, was refused before it reached the storage.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidOption extends Schema.TaggedError<InvalidOption>()("InvalidOption", {
  field: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Option ${this.field} refused: ${this.detail}`
  }
}

/**
 * No job has this id: it never existed, was removed, or was pruned.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class JobNotFound extends Schema.TaggedError<JobNotFound>()("JobNotFound", {
  id: JobId.JobId
}) {
  override get message(): string {
    return `Job ${this.id} does not exist: it was never enqueued here, was removed, or was pruned`
  }
}

/**
 * The job's present state does not allow the action.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  id: JobId.JobId,
  state: JobState.JobState,
  action: Schema.Literals(["cancel", "retry", "promote", "remove", "change"])
}) {
  override get message(): string {
    return `Job ${this.id} is ${this.state}: it can not ${this.action}`
  }
}

/**
 * No job of this name is known to a strict `JobRegistry`; `known` lists the names that are.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class UnknownJob extends Schema.TaggedError<UnknownJob>()("UnknownJob", {
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `No job is named ${this.name}; known are: ${this.known.join(", ")}`
  }
}

/**
 * An awaited job was cancelled.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class JobCancelled extends Schema.TaggedError<JobCancelled>()("JobCancelled", {
  id: JobId.JobId
}) {
  override get message(): string {
    return `Job ${this.id} was cancelled`
  }
}

/**
 * An awaited job gave up; `failure` is that of its last attempt.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class JobDead extends Schema.TaggedError<JobDead>()("JobDead", {
  id: JobId.JobId,
  failure: Schema.NullOr(JobFailure.JobFailure)
}) {
  override get message(): string {
    const failure = this.failure === null ? "it left no error" : `${this.failure.tag}: ${this.failure.message}`
    return `Job ${this.id} is dead: ${failure}`
  }
}

/**
 * The storage in use can not do this.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.operation} is not supported: ${this.detail}`
  }
}

/**
 * Why a job could not be enqueued.
 *
 * **Gotchas**
 *
 * After a `StorageError` with reason `Unavailable` the job may have been stored all the same. Enqueue it again with
 * the same `unique` key: the second time answers `Duplicate`. Without a key a repeated enqueue can store it twice.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export type EnqueueError = InvalidPayload | InvalidOption | StorageError
