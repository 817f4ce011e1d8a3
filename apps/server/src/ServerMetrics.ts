/**
 * What Prometheus reads at `/metrics`: requests of this server, and the state of the queues from the storage.
 *
 * The queues are told by every server alike, so look at one of them, or at the maximum.
 *
 * @since 0.1.0
 */
import type { Storage } from "@millrace/storage"
import { JobState } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

/** Seconds: from an answer out of memory to the time limit of a request. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const requests = Metric.counter("millrace_http_requests", {
  description: "Requests answered",
  incremental: true
})

const seconds = Metric.histogram("millrace_http_request_seconds", {
  description: "Time until the answer of a request was known",
  boundaries
})

/**
 * Counts a request: by method, pattern of its route, and status.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const count = (
  request: { readonly method: string; readonly route: string | null },
  status: number,
  millis: number
): Effect.Effect<void> => {
  const attributes = { method: request.method, route: request.route ?? "none" }
  return Effect.andThen(
    Metric.update(Metric.withAttributes(requests, { ...attributes, status: String(status) }), 1),
    Metric.update(Metric.withAttributes(seconds, attributes), millis / 1000)
  )
}

/**
 * Writes all metrics in Prometheus' text format. While the storage is away the queues are missing and
 * `millrace_storage_up` is 0.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const text = <E>(overview: Effect.Effect<Storage.Overview, E>): Effect.Effect<string> =>
  Effect.gen(function*() {
    const found = yield* Effect.option(overview)
    const own = yield* PrometheusMetrics.format()
    return own + linesOf(found._tag === "Some" ? found.value : null).join("\n") + "\n"
  })

const linesOf = (overview: Storage.Overview | null): ReadonlyArray<string> => [
  ...head("millrace_storage_up", "Whether the storage answered"),
  `millrace_storage_up ${overview === null ? 0 : 1}`,
  ...(overview === null ? [] : [...queueLines(overview), ...workerLines(overview)])
]

const queueLines = ({ queues }: Storage.Overview): ReadonlyArray<string> => [
  ...head("millrace_queue_jobs", "Jobs of a queue by state"),
  ...queues.flatMap(({ counts, queue }) =>
    JobState.states.map((state) => `millrace_queue_jobs${labels({ queue, state })} ${counts[state]}`)
  ),
  ...head("millrace_queue_paused", "Whether a queue is paused"),
  ...queues.map(({ paused, queue }) => `millrace_queue_paused${labels({ queue })} ${paused ? 1 : 0}`)
]

const workerLines = ({ workers }: Storage.Overview): ReadonlyArray<string> => [
  ...head("millrace_workers", "Registered worker processes"),
  `millrace_workers ${workers.length}`,
  ...head("millrace_worker_running_jobs", "Jobs that a worker holds"),
  ...workers.map(({ id, info, running }) =>
    `millrace_worker_running_jobs${labels({ worker: id, host: info.host })} ${running}`
  ),
  ...head("millrace_worker_concurrency", "Jobs that a worker may run at the same time"),
  ...workers.map(({ id, info }) =>
    `millrace_worker_concurrency${labels({ worker: id, host: info.host })} ${info.concurrency}`
  )
]

const head = (name: string, help: string): ReadonlyArray<string> => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`]

const labels = (values: { readonly [name: string]: string }): string =>
  `{${Object.entries(values).map(([name, value]) => `${name}="${escape(value)}"`).join(",")}}`

/** The three characters that end a label's value, or its line. */
const escape = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")
