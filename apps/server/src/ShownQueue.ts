/**
 * The queue as it may be shown: what it reads has passed the redactor. All handlers work on this one.
 *
 * @since 0.1.0
 */
import { Queue } from "@millrace/queue"
import { JobQuery } from "@millrace/storage"
import type { JobRecord, StorageError } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import { Redactor } from "./Redactor.ts"

/**
 * The queue behind the redactor. Without anything to hide it is the queue itself.
 *
 * **Details**
 *
 * A payload filter sees no more than its caller: of the jobs that the storage found, those are shown whose shown payload has
 * what was asked for. Else one could guess what is hidden, filter by filter. Nor does the page tell of the others: it is
 * filled up with jobs behind them, and has a next one only if more can be shown.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Queue.Queue, never, Queue.Queue | Redactor> = Layer.effect(
  Queue.Queue,
  Effect.gen(function*() {
    const queue = yield* Queue.Queue
    const redactor = yield* Redactor
    return redactor.hides ? Queue.Queue.of({ ...queue, ...reading(queue, redactor) }) : queue
  })
)

const reading = (
  queue: Queue.Queue["Service"],
  redactor: Redactor["Service"]
): Pick<Queue.Queue["Service"], "get" | "list" | "history" | "awaitFinished"> => ({
  get: (id) => Effect.map(queue.get(id), redactor.job),
  awaitFinished: (id) => Effect.map(queue.awaitFinished(id), redactor.job),
  list: (query) =>
    query.payload === undefined
      ? Effect.map(queue.list(query), (page) => ({ ...page, items: page.items.map(redactor.job) }))
      : matching(queue, redactor, query, query.payload),
  // An attempt does not say of which kind its job is.
  history: (id) =>
    Effect.flatMap(
      queue.history(id),
      (attempts) => Effect.map(queue.get(id), ({ name }) => attempts.map((attempt) => redactor.attempt(name, attempt)))
    )
})

/** Fewest jobs that are looked at together behind those that are not shown, and most that the storage gives at once. */
const furtherMin = 200
const furtherMax = 1000

/** A page of the jobs whose shown payload has what was asked for. */
const matching = Effect.fnUntraced(function*(
  queue: Queue.Queue["Service"],
  redactor: Redactor["Service"],
  query: JobQuery.JobQuery,
  wanted: Schema.Json
): Effect.fn.Return<JobQuery.Page, StorageError.StorageError> {
  const limit = query.limit ?? JobQuery.limitDefault
  const found: Array<JobRecord.JobRecord> = []
  // One more than asked for: whether it is there decides about a next page.
  let size = Math.min(limit + 1, furtherMax)
  let before = query.before
  for (;;) {
    const { items, next } = yield* queue.list({ ...query, ...(before === undefined ? {} : { before }), limit: size })
    found.push(...items.map(redactor.job).filter(({ payload }) => JobQuery.containsPayload(payload, wanted)))
    if (found.length > limit || next === null) return JobQuery.toPage(found, limit)
    // The storage makes a pause here, because it has looked at so many jobs.
    if (items.length < size) return { items: found, next }
    size = Math.min(Math.max(limit + 1, furtherMin), furtherMax)
    before = next
  }
})
