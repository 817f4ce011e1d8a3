/**
 * The endpoints of jobs: create, list, read, change, cancel, retry, delete.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Access from "./Access.ts"
import { ExplanationView, LogView } from "./AdmissionView.ts"
import * as ApiError from "./ApiError.ts"
import { ChangeJob, CreateBatch, CreatedBatch, CreatedJob, CreateJob } from "./CreateJob.ts"
import * as Idempotency from "./Idempotency.ts"
import * as JobFilter from "./JobFilter.ts"
import { QuotedJobId } from "./JobNaming.ts"
import { JobType } from "./JobType.ts"
import { AttemptView, JobAction, JobView } from "./JobView.ts"
import * as ListPage from "./ListPage.ts"
import { BodyRules, MaxBodyBytes } from "./RequestRules.ts"

const summary = (text: string, description?: string) =>
  OpenApi.annotations({ summary: text, ...(description === undefined ? {} : { description }) })

const params = { id: QuotedJobId }

const create = HttpApiEndpoint.post("create", "/jobs", {
  payload: CreateJob,
  success: CreatedJob.pipe(HttpApiSchema.status(201)),
  error: [ApiError.UnknownJob, ApiError.InvalidPayload, ApiError.Unavailable]
}).annotateMerge(Access.needs("enqueue", "jobs")).middleware(Idempotency.Idempotency).middleware(BodyRules)
  .annotate(Access.Recorded, "within")
  .annotateMerge(OpenApi.annotations({
    summary: "Create a job",
    description: "Stored when the answer arrives. Repeating a request that got no answer is safe with an " +
      "Idempotency-Key, or with a unique key.",
    transform: Idempotency.document
  }))

const createBatch = HttpApiEndpoint.post("createBatch", "/jobs/batch", {
  payload: CreateBatch,
  success: CreatedBatch.pipe(HttpApiSchema.status(201)),
  error: [ApiError.UnknownJob, ApiError.InvalidPayload, ApiError.Unavailable]
}).annotateMerge(Access.needs("enqueue", "jobs")).middleware(Idempotency.Idempotency).middleware(BodyRules)
  .annotate(MaxBodyBytes, 16 * 1024 * 1024)
  .annotateMerge(OpenApi.annotations({
    summary: "Create up to 1,000 jobs",
    description: "All are stored or none; the answers are in the order of the jobs.",
    transform: Idempotency.document
  }))

const list = HttpApiEndpoint.get("list", "/jobs", {
  query: JobFilter.JobFilter,
  success: ListPage.of(JobView),
  error: [ApiError.InvalidCursor, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(OpenApi.annotations({
  summary: "List jobs, newest first",
  description: "One query a page, however many jobs there are. nextCursor is null on the last page.",
  transform: JobFilter.document
}))

const get = HttpApiEndpoint.get("get", "/jobs/:id", {
  params,
  success: JobView,
  error: [ApiError.JobNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(summary("Read a job"))

const attempts = HttpApiEndpoint.get("attempts", "/jobs/:id/attempts", {
  params,
  success: ListPage.of(AttemptView),
  error: [ApiError.JobNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(
  summary("List the attempts of a job", "Oldest first, the one under way last.")
)

const logs = HttpApiEndpoint.get("logs", "/jobs/:id/logs", {
  params,
  success: ListPage.of(LogView),
  error: [ApiError.JobNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(
  summary("List the lines that a job's handler wrote", "Oldest first, the newest 1,000.")
)

const explain = HttpApiEndpoint.get("explain", "/jobs/:id/explain", {
  params,
  success: ExplanationView,
  error: [ApiError.JobNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(summary(
  "Why does a job not run?",
  "All reasons at this moment, with names, holders and times; or that the next claim takes it."
))

const change = HttpApiEndpoint.patch("change", "/jobs/:id", {
  params,
  payload: ChangeJob,
  success: JobView,
  error: [ApiError.JobNotFound, ApiError.IllegalTransition, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "jobs")).middleware(BodyRules).annotateMerge(summary(
  "Change priority, time or tags of a job that waits",
  "Only a scheduled, retryable or available one; any other answers 409. An available job that is to run later is " +
    "scheduled; one with another priority goes to the end of its new line."
))

const cancel = HttpApiEndpoint.post("cancel", "/jobs/:id/cancel", {
  params,
  success: JobAction,
  error: [ApiError.JobNotFound, ApiError.IllegalTransition, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "jobs")).annotateMerge(summary(
  "Cancel a job",
  "A running job is asked to stop (to: requested). One that is completed or cancelled answers 409."
))

const retry = HttpApiEndpoint.post("retry", "/jobs/:id/retry", {
  params,
  success: JobAction,
  error: [ApiError.JobNotFound, ApiError.IllegalTransition, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "jobs")).annotateMerge(summary(
  "Run a job again, or now",
  "A dead or cancelled job starts again with all its attempts; a scheduled or retryable one runs now."
))

const promote = HttpApiEndpoint.post("promote", "/jobs/:id/promote", {
  params,
  success: JobAction,
  error: [ApiError.JobNotFound, ApiError.IllegalTransition, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "jobs")).annotateMerge(
  summary("Run a job now", "Only a scheduled or retryable one; any other answers 409.")
)

const remove = HttpApiEndpoint.delete("remove", "/jobs/:id", {
  params,
  error: [ApiError.JobNotFound, ApiError.IllegalTransition, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "jobs")).annotateMerge(
  summary("Delete a job and its history", "A running job answers 409: cancel it first.")
)

const types = HttpApiEndpoint.get("types", "/job-types", {
  success: ListPage.of(JobType),
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "jobs")).annotateMerge(summary(
  "List the kinds of jobs that can be created",
  "Those that the server was started with, and those that live workers run."
))

/**
 * The endpoints of jobs, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const JobsApi = HttpApiGroup.make("jobs")
  .add(create, createBatch, list, get, attempts, logs, explain, change, cancel, retry, promote, remove, types)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Jobs" }))
