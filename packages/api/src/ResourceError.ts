/**
 * The errors of what is not a job: queues, limits, schedules.
 *
 * `ApiError` unites them with all others.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { answered, envelope } from "./ErrorTag.ts"

/**
 * Status 404: no job was ever in a queue of this name, and it was never paused.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class QueueNotFound extends Schema.Error<QueueNotFound>("QueueNotFound")(
  envelope("QueueNotFound"),
  answered("QueueNotFound", "There is no queue of this name")
) {
  readonly _tag = "QueueNotFound"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 404: no limit of this name was declared.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class LimitNotFound extends Schema.Error<LimitNotFound>("LimitNotFound")(
  envelope("LimitNotFound"),
  answered("LimitNotFound", "There is no limit of this name")
) {
  readonly _tag = "LimitNotFound"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 404: there is no schedule of this name: it never was, or was removed.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ScheduleNotFound extends Schema.Error<ScheduleNotFound>("ScheduleNotFound")(
  envelope("ScheduleNotFound"),
  answered("ScheduleNotFound", "There is no schedule of this name")
) {
  readonly _tag = "ScheduleNotFound"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 409: a schedule of this name exists already; change or remove it first.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ScheduleExists extends Schema.Error<ScheduleExists>("ScheduleExists")(
  envelope("ScheduleExists"),
  answered("ScheduleExists", "A schedule of this name exists already")
) {
  readonly _tag = "ScheduleExists"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 409: the schedule is declared in the code of a program, which would undo the change. It can be paused.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ScheduleOwned extends Schema.Error<ScheduleOwned>("ScheduleOwned")(
  envelope("ScheduleOwned"),
  answered("ScheduleOwned", "The schedule is declared in code, which would undo the change")
) {
  readonly _tag = "ScheduleOwned"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 422: the rule of a schedule can not be: a wrong expression, an unknown time zone, an instant in the past;
 * `field` names it.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidSchedule extends Schema.Error<InvalidSchedule>("InvalidSchedule")(
  envelope("InvalidSchedule"),
  answered("InvalidSchedule", "The rule of the schedule can not be")
) {
  readonly _tag = "InvalidSchedule"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 422: another request was carried out with this `Idempotency-Key`; this one was not.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class IdempotencyKeyReused extends Schema.Error<IdempotencyKeyReused>("IdempotencyKeyReused")(
  envelope("IdempotencyKeyReused"),
  answered("IdempotencyKeyReused", "Another request was carried out with this Idempotency-Key")
) {
  readonly _tag = "IdempotencyKeyReused"
  override get message(): string {
    return this.error.message
  }
}

/**
 * All of them.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const all = [
  QueueNotFound,
  LimitNotFound,
  ScheduleNotFound,
  ScheduleExists,
  ScheduleOwned,
  InvalidSchedule,
  IdempotencyKeyReused
] as const
