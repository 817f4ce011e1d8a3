/**
 * The queue as it may be shown: what it reads has passed the redactor. All handlers work on this one.
 *
 * @since 0.1.0
 */
import { Queue } from "@millrace/queue"
import { JobQuery } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redactor } from "./Redactor.ts"

/**
 * The queue behind the redactor. Without anything to hide it is the queue itself.
 *
 * **Details**
 *
 * A payload filter sees no more than its caller: of the jobs that the storage found, those are shown whose shown payload has
 * what was asked for. Else one could guess what is hidden, filter by filter.
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
    Effect.map(queue.list(query), (page) => {
      const items = page.items.map(redactor.job)
      const { payload: wanted } = query
      return wanted === undefined
        ? { ...page, items }
        : { ...page, items: items.filter(({ payload }) => JobQuery.containsPayload(payload, wanted)) }
    }),
  // An attempt does not say of which kind its job is.
  history: (id) =>
    Effect.flatMap(
      queue.history(id),
      (attempts) => Effect.map(queue.get(id), ({ name }) => attempts.map((attempt) => redactor.attempt(name, attempt)))
    )
})
