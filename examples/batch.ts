/**
 * Many jobs at once: `enqueueAll` stores a thousand with each statement, and answers for each what became of it.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Job, Queue, Worker } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Console, Effect, Layer, Schema } from "effect"

const Resize = Job.make("Resize", {
  payload: { image: Schema.Int },
  queue: "images",
  unique: ({ image }) => `image-${image}`
})

const ResizeLive = Resize.toLayer(() => Effect.void)

const images = Array.from(
  { length: 5_000 },
  (_, image) => ({ payload: { image }, options: { tenant: `shop-${image % 10}` } })
)

const count = (answers: ReadonlyArray<{ readonly _tag: string }>, tag: string) =>
  answers.filter(({ _tag }) => _tag === tag).length

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  yield* queue.pause("images")
  const first = yield* Resize.enqueueAll(images)
  yield* Console.log(`enqueued ${count(first, "Enqueued")} jobs`)
  const again = yield* Resize.enqueueAll(images.slice(0, 100))
  yield* Console.log(`again: ${count(again, "Enqueued")} new, ${count(again, "Duplicate")} are waiting already`)

  yield* queue.resume("images")
  yield* Effect.forEach(first, ({ id }) => queue.awaitFinished(id), { concurrency: "unbounded", discard: true })
  const { queues } = yield* queue.overview
  yield* Console.log(`completed ${queues.find((each) => each.queue === "images")?.counts.completed}`)
})

const Database = EmbeddedPostgres.layerClient.pipe(Layer.provide(EmbeddedPostgres.ephemeral()))
const Main = ResizeLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer({ queues: { images: { concurrency: 50 } } })]),
  Layer.provide(PgStorage.layerMigrated()),
  Layer.provide(Database)
)

NodeRuntime.runMain(Effect.provide(program, Main))
