/**
 * The endpoints of who runs next: tenants and their weights, limits and their overrides, pauses of job names.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import { LimitView, TenantView } from "./AdmissionView.ts"
import * as ApiError from "./ApiError.ts"
import * as DurationText from "./DurationText.ts"
import * as JobNaming from "./JobNaming.ts"
import * as ListPage from "./ListPage.ts"
import { BodyRules } from "./RequestRules.ts"
import * as ResourceError from "./ResourceError.ts"

const summary = (text: string, description?: string) =>
  OpenApi.annotations({ summary: text, ...(description === undefined ? {} : { description }) })

const During = DurationText.between({
  minimum: Duration.millis(1),
  maximum: Duration.days(24),
  message: "Expected a time from 1 milli to 24 days",
  description: "For how long. Defaults to until it is taken back"
})

const Key = JobNaming.name("Only for this key. Defaults to all")

const Permits = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 }))

/**
 * Schema of a tenant's pause, and of a job name's.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const NamedPause = Schema.Struct({
  name: Schema.String,
  paused: Schema.Boolean
}).annotate({ identifier: "NamedPause" })

/**
 * Schema of a weight: from 0.01 to 100, null takes it back. Without `queue` it counts in all queues.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const TenantWeight = Schema.Struct({
  weight: Schema.NullOr(Schema.Finite.check(Schema.isBetween({ minimum: 0.01, maximum: 100 }))),
  queue: Schema.optionalKey(JobNaming.name("In this queue only. Defaults to all"))
}).annotate({ identifier: "TenantWeight" })

/**
 * Schema of a pause of a limit.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitPause = Schema.Struct({
  key: Schema.optionalKey(Key),
  during: Schema.optionalKey(During)
}).annotate({ identifier: "LimitPause" })

/**
 * Schema of other numbers for a limit: what is absent is as declared; `max` 0 lets nothing start.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const LimitOverride = Schema.Struct({
  key: Schema.optionalKey(Key),
  max: Schema.optionalKey(Permits),
  per: Schema.optionalKey(During),
  burst: Schema.optionalKey(Permits.check(Schema.isGreaterThanOrEqualTo(1))),
  during: Schema.optionalKey(During)
}).annotate({ identifier: "LimitOverride" })

const named = { name: JobNaming.name("Its name") }

const tenants = HttpApiEndpoint.get("tenants", "/tenants", {
  query: {
    cursor: Schema.optionalKey(Schema.String.annotate({ description: "The nextCursor of the page before" })),
    limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })))
  },
  success: ListPage.of(TenantView),
  error: [ApiError.InvalidCursor, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(
  summary("List tenants by name", "Those with jobs that wait or run, with a weight, or paused.")
)

const pauseTenant = HttpApiEndpoint.post("pauseTenant", "/tenants/:name/pause", {
  params: named,
  success: NamedPause,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(
  summary("Pause a tenant", "Its jobs wait; those that run go on. Repeating it changes nothing.")
)

const resumeTenant = HttpApiEndpoint.post("resumeTenant", "/tenants/:name/resume", {
  params: named,
  success: NamedPause,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(summary("Resume a tenant"))

const weighTenant = HttpApiEndpoint.put("weighTenant", "/tenants/:name/weight", {
  params: named,
  payload: TenantWeight,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(
  summary("Set how much a tenant gets beside others", "1 is what everyone has.")
)

const pauseJobType = HttpApiEndpoint.post("pauseJobType", "/job-types/:name/pause", {
  params: named,
  success: NamedPause,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(
  summary("Pause a kind of job", "Its jobs wait; those that run go on. Repeating it changes nothing.")
)

const resumeJobType = HttpApiEndpoint.post("resumeJobType", "/job-types/:name/resume", {
  params: named,
  success: NamedPause,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(summary("Resume a kind of job"))

const limits = HttpApiEndpoint.get("limits", "/limits", {
  success: ListPage.of(LimitView),
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(
  summary("List limits", "Those that workers and producers declared: rule, overrides, pauses, use by key.")
)

const limit = HttpApiEndpoint.get("limit", "/limits/:name", {
  params: named,
  success: LimitView,
  error: [ResourceError.LimitNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(summary("Read a limit"))

const pauseLimit = HttpApiEndpoint.post("pauseLimit", "/limits/:name/pause", {
  params: named,
  payload: LimitPause,
  success: LimitView,
  error: [ResourceError.LimitNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(
  summary("Pause a limit", "No job under it starts. For a time, or until resumed.")
)

const resumeLimit = HttpApiEndpoint.post("resumeLimit", "/limits/:name/resume", {
  params: named,
  payload: Schema.Struct({ key: Schema.optionalKey(Key) }).annotate({ identifier: "LimitResume" }),
  success: LimitView,
  error: [ResourceError.LimitNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(summary("Resume a limit"))

const override = HttpApiEndpoint.put("override", "/limits/:name/override", {
  params: named,
  payload: LimitOverride,
  success: LimitView,
  error: [ResourceError.LimitNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(summary(
  "Give a limit other numbers",
  "For one key, or for every key without its own; for a time, or until they are cleared."
))

const clearOverride = HttpApiEndpoint.delete("clearOverride", "/limits/:name/override", {
  params: named,
  query: { key: Schema.optionalKey(Key) },
  error: [ResourceError.LimitNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(summary("Take an override back"))

/**
 * The endpoints of who runs next, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const AdmissionApi = HttpApiGroup.make("admission")
  .add(
    tenants,
    pauseTenant,
    resumeTenant,
    weighTenant,
    pauseJobType,
    resumeJobType,
    limits,
    limit,
    pauseLimit,
    resumeLimit,
    override,
    clearOverride
  )
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Tenants and limits" }))
