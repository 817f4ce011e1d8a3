/**
 * The endpoint of the audit: who changed what, and when.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import * as ApiError from "./ApiError.ts"
import * as JobFilter from "./JobFilter.ts"
import * as JobNaming from "./JobNaming.ts"
import * as ListPage from "./ListPage.ts"

/**
 * Schema of a line of the audit.
 *
 * **Details**
 *
 * `actor` is the id of the API key, `local` where none was needed. `action` is group and endpoint, such as
 * `jobs.cancel`; `targets` are the ids and names that it was about.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AuditView = Schema.Struct({
  id: Schema.String,
  at: Schema.DateTimeUtcFromString,
  actor: Schema.String,
  action: Schema.String,
  targets: Schema.Array(Schema.String),
  address: Schema.NullOr(Schema.String),
  detail: Schema.Json
}).annotate({ identifier: "AuditEntry" })

/**
 * Schema of the filters and the page. All given filters must hold.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AuditFilter = Schema.Struct({
  actor: Schema.optionalKey(JobNaming.name("The id of a key, or local")),
  action: Schema.optionalKey(JobNaming.name("Group and endpoint, such as jobs.cancel")),
  target: Schema.optionalKey(JobNaming.name("The id of a job, or the name of a queue")),
  cursor: JobFilter.JobFilter.fields.cursor,
  limit: JobFilter.JobFilter.fields.limit
})

const list = HttpApiEndpoint.get("list", "/audit", {
  query: AuditFilter,
  success: ListPage.of(AuditView),
  error: [ApiError.InvalidCursor, ApiError.Unavailable]
}).annotateMerge(Access.needs("admin")).annotateMerge(OpenApi.annotations({
  summary: "Read the audit, newest first",
  description: "A line for every change that was made through this API. Nobody can change or remove one.",
  transform: JobFilter.document
}))

/**
 * The endpoint of the audit, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const AuditApi = HttpApiGroup.make("audit")
  .add(list)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Audit" }))
