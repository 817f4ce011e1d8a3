/**
 * The endpoints of queues, workers and totals.
 *
 * @since 0.1.0
 */
import { Api, QueueView, ResourceError } from "@millrace/api"
import { Queue } from "@millrace/queue"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as StorageFailure from "../StorageFailure.ts"

/**
 * The handlers of the group `queues`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "queues",
  Effect.fnUntraced(function*(handlers) {
    const queue = yield* Queue.Queue
    const overview = StorageFailure.answered(queue.overview)
    return handlers.handleAll({
      list: () => Effect.map(overview, ({ queues }) => all(queues.map(QueueView.fromCounts))),
      get: ({ params }) =>
        Effect.flatMap(overview, ({ queues }) => {
          const found = queues.find((each) => each.queue === params.name)
          return found === undefined
            ? Effect.fail(queueNotFound(params.name))
            : Effect.succeed(QueueView.fromCounts(found))
        }),
      pause: ({ params: { name } }) => Effect.as(StorageFailure.answered(queue.pause(name)), { name, paused: true }),
      resume: ({ params: { name } }) => Effect.as(StorageFailure.answered(queue.resume(name)), { name, paused: false }),
      workers: () => Effect.map(overview, ({ workers }) => all(workers.map(QueueView.fromWorker))),
      stats: () => Effect.map(overview, QueueView.summarize)
    })
  })
)

const all = <A>(items: ReadonlyArray<A>) => ({ items, nextCursor: null })

const queueNotFound = (name: string) =>
  new ResourceError.QueueNotFound({
    error: { message: `There is no queue ${name}`, hint: "A queue is known once it has a job or was paused" }
  })
