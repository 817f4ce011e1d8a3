/**
 * The endpoints of queues, workers and totals.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Access from "./Access.ts"
import * as ApiError from "./ApiError.ts"
import * as JobNaming from "./JobNaming.ts"
import * as ListPage from "./ListPage.ts"
import { QueuePause, QueueView, Stats, WorkerView } from "./QueueView.ts"
import * as ResourceError from "./ResourceError.ts"

const params = { name: JobNaming.name("The queue") }

const list = HttpApiEndpoint.get("list", "/queues", {
  success: ListPage.of(QueueView),
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "queues")).annotateMerge(OpenApi.annotations({
  summary: "List queues with their counts",
  description: "By name, all of them. The counts are kept as jobs change: no job is counted for this."
}))

const get = HttpApiEndpoint.get("get", "/queues/:name", {
  params,
  success: QueueView,
  error: [ResourceError.QueueNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read", "queues")).annotateMerge(OpenApi.annotations({ summary: "Read a queue" }))

const pause = HttpApiEndpoint.post("pause", "/queues/:name/pause", {
  params,
  success: QueuePause,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "queues")).annotateMerge(OpenApi.annotations({
  summary: "Pause a queue",
  description: "It goes on taking jobs; no worker claims any of it. Jobs that run go on. Repeating it changes nothing."
}))

const resume = HttpApiEndpoint.post("resume", "/queues/:name/resume", {
  params,
  success: QueuePause,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("operate", "queues")).annotateMerge(OpenApi.annotations({ summary: "Resume a queue" }))

const workers = HttpApiEndpoint.get("workers", "/workers", {
  success: ListPage.of(WorkerView),
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(OpenApi.annotations({
  summary: "List worker processes",
  description: "A worker is listed until it leaves, or until its lease has ended and its jobs were taken back."
}))

const stats = HttpApiEndpoint.get("stats", "/stats", {
  success: Stats,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(
  OpenApi.annotations({ summary: "Count jobs by state, queues and workers" })
)

/**
 * The endpoints of queues, workers and totals, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const QueuesApi = HttpApiGroup.make("queues")
  .add(list, get, pause, resume, workers, stats)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Queues and workers" }))
