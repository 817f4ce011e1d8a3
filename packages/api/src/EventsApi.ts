/**
 * The endpoints that tell of changes as they happen, as Server-Sent Events.
 *
 * Every event is one JSON value with a `type`. `ping` comes every 15 seconds when nothing else does, so that proxies
 * keep the connection and clients notice a dead one. Events are hints: after `connected` read what you show again.
 *
 * @since 0.1.0
 */
import { JobId } from "@millrace/storage"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import * as ApiError from "./ApiError.ts"
import { QuotedJobId } from "./JobNaming.ts"
import { JobView } from "./JobView.ts"

/**
 * Schema of an event of the whole service.
 *
 * **Details**
 *
 * - `connected`: events begin (again) here; what happened before may have been missed
 * - `available`: a queue has jobs to run
 * - `scheduled`: a job is due earlier than those known before
 * - `finished`: these jobs ended
 * - `ping`: nothing happened
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ServiceEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("connected") }),
  Schema.Struct({ type: Schema.Literal("available"), queue: Schema.String }),
  Schema.Struct({ type: Schema.Literal("scheduled") }),
  Schema.Struct({ type: Schema.Literal("finished"), ids: Schema.Array(JobId.JobId) }),
  Schema.Struct({ type: Schema.Literal("ping") })
]).annotate({ identifier: "ServiceEvent" })

/**
 * An event of the whole service.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ServiceEvent = typeof ServiceEvent.Type

/**
 * Schema of an event of one job: the job as it is now (`job`), that it was deleted (`removed`), or `ping`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("job"), job: JobView }),
  Schema.Struct({ type: Schema.Literal("removed"), id: JobId.JobId }),
  Schema.Struct({ type: Schema.Literal("ping") })
]).annotate({ identifier: "JobEvent" })

/**
 * An event of one job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobEvent = typeof JobEvent.Type

const service = HttpApiEndpoint.get("service", "/events", {
  success: HttpApiSchema.StreamSse({ data: ServiceEvent }),
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(OpenApi.annotations({
  summary: "Follow what happens, as Server-Sent Events",
  description:
    "Hints with a type: connected, available, scheduled, finished, ping. The stream ends when the server stops."
}))

const job = HttpApiEndpoint.get("job", "/jobs/:id/events", {
  params: { id: QuotedJobId },
  success: HttpApiSchema.StreamSse({ data: JobEvent }),
  error: [ApiError.JobNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(OpenApi.annotations({
  summary: "Follow one job, as Server-Sent Events",
  description: "The job at once, and again whenever it changed. The stream ends with its last state, or its removal."
}))

/**
 * The endpoints of events, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const EventsApi = HttpApiGroup.make("events")
  .add(service, job)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Events" }))
