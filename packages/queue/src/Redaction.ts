/**
 * Fields that are not shown: annotate them in the schema of a job, and readers of the HTTP API, the command line and the log see
 * `"<redacted>"` in their place. Handlers get them, and `Queue` answers them: whoever has the storage has the data.
 *
 * @since 0.1.0
 */
import type { JobFailure } from "@millrace/storage/JobFailure"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type * as Schema from "effect/Schema"
import * as Mask from "./internal/mask.ts"
import type { JobDefinition } from "./JobDefinition.ts"

/**
 * What stands in the place of what is not shown.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const hidden: string = Mask.hidden

/**
 * The key of the annotation, whose value is `true`: `Schema.String.annotate({ "millrace/redacted": true })`.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const annotation: string = Mask.annotation

/**
 * Marks a schema as not to be shown, of whatever kind it is and wherever it stands in the payload, result or error of a job.
 *
 * **Details**
 *
 * `Schema.Redacted` and `Schema.RedactedFromValue` are marked by themselves. In a union a part is hidden that any member hides.
 * Messages of decode failures say nothing of what was found, and no texts of the schema's own checks.
 *
 * @stability unstable
 * @category combinators
 * @since 0.1.0
 */
export const redacted = <S extends Schema.Top>(schema: S): S["Rebuild"] => schema.annotate({ [Mask.annotation]: true })

/**
 * A job as it may be shown: payload, result and the data of its error without what the definition hides.
 *
 * **Details**
 *
 * A value that does not fit the schema of its version is hidden whole, if the definition hides anything: nobody knows where in
 * it the hidden parts are. So is the payload of an older version whose own schema hides nothing, and a property that no part
 * of such a schema names.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const job = ({ codec: { shown } }: JobDefinition, record: JobRecord): JobRecord => ({
  ...record,
  payload: shown.payload(record.payload, record.version),
  result: record.result === null ? null : shown.success(record.result),
  error: record.error === null ? null : failureWith(shown.error, record.error)
})

/**
 * A failure as it may be shown: its data without what the definition hides.
 *
 * **Gotchas**
 *
 * Its message and its stack are texts of whoever failed, and are left as they are.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const failure = ({ codec: { shown } }: JobDefinition, failed: JobFailure): JobFailure =>
  failureWith(shown.error, failed)

/**
 * A payload as it may be shown.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const payload = ({ codec: { shown } }: JobDefinition, json: Schema.Json, version: number): Schema.Json =>
  shown.payload(json, version)

/**
 * Whether a definition hides anything.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const hides = ({ codec: { shown } }: JobDefinition): boolean => shown.hides

const failureWith = (shown: (json: Schema.Json) => Schema.Json, { data, ...failed }: JobFailure): JobFailure =>
  data === undefined ? failed : { ...failed, data: shown(data) }
