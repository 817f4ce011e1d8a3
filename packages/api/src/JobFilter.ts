/**
 * Which jobs to list: the query string of `GET /api/v1/jobs`.
 *
 * All given filters must hold; of a repeated one any value may match.
 *
 * @since 0.1.0
 */
import { JobState } from "@millrace/storage"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Instant } from "./Instant.ts"
import * as JobNaming from "./JobNaming.ts"
import * as JsonGuard from "./JsonGuard.ts"

/**
 * The most jobs of one page.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const limitMaximum = 200

/**
 * The jobs of one page when no limit is given.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const limitDefault = 50

/** How many values one filter takes: more would be a list of jobs, not a question about them. */
const valuesLimit = 100

const values = <S extends Schema.ConstraintCodec<string, string>>(value: S) =>
  Schema.Array(value).check(Schema.isMaxLength(valuesLimit, { message: `Expected at most ${valuesLimit} values` }))

const State = JobState.JobState.annotate({ message: `Expected ${JobState.states.join(", ")}` })

/** Splits at commas; the schema behind it checks that each part is a state. */
const split = (texts: ReadonlyArray<string>): ReadonlyArray<JobState.JobState> =>
  texts.flatMap((text) => text.split(",")) as ReadonlyArray<string> as ReadonlyArray<JobState.JobState>

const States = Schema.Array(Schema.String).pipe(
  Schema.decodeTo(
    values(State),
    SchemaTransformation.transform({ decode: split, encode: (states): ReadonlyArray<string> => states })
  )
)

const Tenant = Schema.Union([Schema.Literal(""), JobNaming.name("A tenant")])

const Contained = Schema.fromJsonString(
  Schema.Json.check(
    Schema.makeFilter((value: Schema.Json) => {
      const flaw = JsonGuard.find(value)
      return flaw === null || { path: flaw.path, issue: `The payload filter ${flaw.detail}` }
    })
  )
)

/**
 * Schema of the filters and the page.
 *
 * **Details**
 *
 * - `state`: repeated or separated by commas; `name`, `queue`, `tenant`, `tag`: repeated
 * - `tenant=` (empty) means the jobs without a tenant
 * - `payload`: JSON that the payload contains, as PostgreSQL's `@>`, such as `{"storeId":"s1"}`
 * - `createdAfter`, `createdBefore`: instants with their zone
 * - `cursor`: the `nextCursor` of the page before
 * - `limit`: 1 to 200. Defaults to 50
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobFilter = Schema.Struct({
  state: Schema.optionalKey(States),
  name: Schema.optionalKey(values(JobNaming.name("A job name"))),
  queue: Schema.optionalKey(values(JobNaming.name("A queue"))),
  tenant: Schema.optionalKey(values(Tenant)),
  tag: Schema.optionalKey(values(JobNaming.name("A tag"))),
  payload: Schema.optionalKey(Contained),
  createdAfter: Schema.optionalKey(Instant),
  createdBefore: Schema.optionalKey(Instant),
  cursor: Schema.optionalKey(Schema.String.annotate({ description: "The nextCursor of the page before" })),
  limit: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: limitMaximum })).annotate({
      description: `Jobs of a page, 1 to ${limitMaximum}. Defaults to ${limitDefault}`
    })
  )
})

/**
 * The filters and the page.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobFilter = typeof JobFilter.Type

const documented: { readonly [name: string]: object } = {
  state: { type: "array", items: { type: "string", enum: JobState.states }, maxItems: valuesLimit },
  limit: { type: "integer", minimum: 1, maximum: limitMaximum, default: limitDefault }
}

/**
 * Corrects an OpenAPI operation where the query string is richer than its encoded schema, which knows only text: the
 * states are listed, and the limit is a number.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const document = (operation: { readonly [key: string]: unknown }): Record<string, unknown> => ({
  ...operation,
  parameters: (operation["parameters"] as ReadonlyArray<{ readonly name: string }>).map((parameter) => ({
    ...parameter,
    ...(parameter.name in documented ? { schema: documented[parameter.name] } : {})
  }))
})
