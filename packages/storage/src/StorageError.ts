/**
 * How a storage fails.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The storage can not be reached or did not answer in time: trying again may help.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Storage unavailable during ${this.operation}: ${this.detail}`
  }
}

/**
 * The storage gave up because of other sessions (deadlock, serialisation, lock time-out): trying again helps.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Storage conflict during ${this.operation}: ${this.detail}`
  }
}

/**
 * The storage refused a value it can not hold, named by `field`; trying again can not help.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Invalid extends Schema.TaggedError<Invalid>()("Invalid", {
  operation: Schema.String,
  field: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Storage refused ${this.field} in ${this.operation}: ${this.detail}`
  }
}

/**
 * Tables are missing, older or newer than this program: run the migrations, or deploy the matching version.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class OutdatedSchema extends Schema.TaggedError<OutdatedSchema>()("OutdatedSchema", {
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Storage schema does not fit this program (${this.operation}): ${this.detail}. Run the migrations.`
  }
}

/**
 * The storage can not do what was asked for, now or ever: a newer driver may.
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
    return `Storage does not support ${this.detail} (${this.operation})`
  }
}

/**
 * The storage answered with something that can not be: a bug in the driver, or a damaged database.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Corrupt extends Schema.TaggedError<Corrupt>()("Corrupt", {
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Storage gave a wrong answer to ${this.operation}: ${this.detail}`
  }
}

/**
 * The one error of every storage method; `reason` tells which kind.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  reason: Schema.Union([Unavailable, Conflict, Invalid, OutdatedSchema, Corrupt, Unsupported])
}) {
  override get message(): string {
    return this.reason.message
  }
  /** True when the same call may succeed later: `Unavailable` and `Conflict`. */
  get isTransient(): boolean {
    return this.reason._tag === "Unavailable" || this.reason._tag === "Conflict"
  }
}
