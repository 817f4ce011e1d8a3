/**
 * What can go wrong when schedules are written or steered. Failures of the storage itself are `StorageError`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A schedule was refused before it reached the storage.
 *
 * **Details**
 *
 * `field` is that of the request (`cron`, `timeZone`, `every`, `at`, `jitter`, `misfire.max` …). `position` is the 0-based
 * index of the first character at fault in a cron expression, null for other fields and for what is wrong as a whole.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidSchedule extends Schema.TaggedError<InvalidSchedule>()("InvalidSchedule", {
  field: Schema.String,
  position: Schema.NullOr(Schema.Int),
  detail: Schema.String
}) {
  override get message(): string {
    const place = this.position === null ? "" : ` at position ${this.position}`
    return `Schedule refused: ${this.field}${place}: ${this.detail}`
  }
}

/**
 * No schedule has this name.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ScheduleNotFound extends Schema.TaggedError<ScheduleNotFound>()("ScheduleNotFound", {
  name: Schema.String
}) {
  override get message(): string {
    return `Schedule ${this.name} does not exist: it was never created here, or was removed`
  }
}

/**
 * A schedule of this name is there already.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ScheduleExists extends Schema.TaggedError<ScheduleExists>()("ScheduleExists", {
  name: Schema.String
}) {
  override get message(): string {
    return `Schedule ${this.name} exists already: update it, or choose another name`
  }
}

/**
 * The schedule is declared in the code of `owner`, which would undo the change: change the code. It can be paused,
 * resumed, triggered and backfilled like any other.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ScheduleOwned extends Schema.TaggedError<ScheduleOwned>()("ScheduleOwned", {
  name: Schema.String,
  owner: Schema.String
}) {
  override get message(): string {
    return `Schedule ${this.name} is declared in the code of ${this.owner}: change it there, or pause it`
  }
}
