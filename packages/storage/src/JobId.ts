/**
 * The identity of a stored job.
 *
 * A `JobId` is a string of decimal digits (a 64-bit integer of the storage's own
 * sequence): later jobs of one database have larger ids, and it survives JSON.
 * It says nothing about who may see the job.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Schema of a job id: 1 to 19 decimal digits without a leading zero.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobId = Schema.String.check(
  Schema.isPattern(/^[1-9][0-9]{0,18}$/, { description: "a job id: 1 to 19 decimal digits" })
).pipe(Schema.brand("JobId"))

/**
 * A job id.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobId = typeof JobId.Type

/**
 * Brands a string or bigint that is known to be an id of this storage, unchecked.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (id: string | bigint | number): JobId => String(id) as JobId

/**
 * Orders ids by age: smaller is older.
 *
 * @stability unstable
 * @category ordering
 * @since 0.1.0
 */
export const compare = (a: JobId, b: JobId): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
