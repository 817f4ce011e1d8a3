/**
 * The error tags with their statuses, and the envelope that all errors share. `ApiError` has the errors themselves.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The HTTP status of every error tag.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const statuses = {
  InvalidRequest: 400,
  MalformedJson: 400,
  InvalidCursor: 400,
  Unauthorized: 401,
  Forbidden: 403,
  JobNotFound: 404,
  QueueNotFound: 404,
  LimitNotFound: 404,
  ScheduleNotFound: 404,
  KeyNotFound: 404,
  RouteNotFound: 404,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  IllegalTransition: 409,
  ScheduleExists: 409,
  ScheduleOwned: 409,
  BodyTooLarge: 413,
  UnsupportedMediaType: 415,
  InvalidPayload: 422,
  UnknownJob: 422,
  InvalidSchedule: 422,
  IdempotencyKeyReused: 422,
  TooManyRequests: 429,
  InternalError: 500,
  Unavailable: 503
} as const

/**
 * The tag of an error.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Tag = keyof typeof statuses

/**
 * The content of an error.
 *
 * **Details**
 *
 * - `message` says what is wrong, with the value or id it is about
 * - `field` is the path of the wrong field, such as `jobs[3].payload.userId` or `limit`
 * - `jobId` is the job it is about
 * - `hint` says what to do
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Details {
  readonly message: string
  readonly field?: string
  readonly jobId?: string
  readonly hint?: string
}

/**
 * Makes the schema of the envelope of one tag.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const envelope = <const T extends Tag>(tag: T) =>
  Schema.Struct({
    error: Schema.Struct({
      tag: Schema.tag(tag),
      message: Schema.String,
      field: Schema.optionalKey(Schema.String),
      jobId: Schema.optionalKey(Schema.String),
      hint: Schema.optionalKey(Schema.String)
    })
  }).annotate({ identifier: tag })

/**
 * Makes the annotations of an error: its status, and its description in the OpenAPI document.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const answered = (tag: Tag, description: string) => ({ httpApiStatus: statuses[tag], description })
