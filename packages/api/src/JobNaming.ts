/**
 * The schemas of names and ids that callers choose or quote: job names, queues, tenants, unique keys, tags, job ids.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Makes the schema of a name: 1 to 255 characters, none of them a control character or a lone surrogate.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const name = (description: string) =>
  Schema.String.annotate({ description }).check(
    Schema.isBetweenLength(1, 255, { message: "Expected 1 to 255 characters" }),
    Schema.isPattern(/^[^\p{Cc}\p{Cs}]*$/u, { message: "Expected no control character and no lone surrogate" })
  )

const largestId = "9223372036854775807"

const message = `Expected a job id: a whole number from 1 to ${largestId}`

/**
 * Schema of a job id that a caller quotes: a whole number from 1 to 9223372036854775807.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const QuotedJobId = Schema.String.check(
  Schema.isPattern(/^[1-9][0-9]{0,18}$/, { message }),
  Schema.makeFilter((id: string) => id.length < largestId.length || id <= largestId || message)
).pipe(Schema.brand("JobId"))
