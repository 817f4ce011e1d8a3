/**
 * One job instead of many: unique, throttled and debounced keys.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

/** One at a time for each store: while it waits or runs, another enqueue answers `Duplicate`. */
const Sync = Job.make("Sync", {
  payload: { store: Schema.String },
  unique: ({ store }) => store
})

/** At most one a minute for each store, whatever becomes of it. */
const Report = Job.make("Report", {
  payload: { store: Schema.String },
  throttle: { key: ({ store }) => store, period: "1 minute" }
})

/** Runs when nothing was added for half a second, after two seconds at the latest, with all that was added. */
const Index = Job.make("Index", {
  payload: { store: Schema.String, products: Schema.Array(Schema.Int) },
  debounce: {
    key: ({ store }) => store,
    wait: "500 millis",
    maxWait: "2 seconds",
    reduce: (waiting, next) => ({ ...waiting, products: [...waiting.products, ...next.products] })
  }
})

const IndexLive = Index.toLayer(({ products, store }) => Console.log(`index ${store}: ${products.join(", ")}`))

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  for (const job of [Sync, Report]) {
    const first = yield* job.enqueue({ store: "berlin" })
    const second = yield* job.enqueue({ store: "berlin" })
    yield* Console.log(`${job.name}: ${first._tag}, then ${second._tag} of job ${second.id}`)
  }
  const { id } = yield* Index.enqueue({ store: "berlin", products: [1] })
  const more = yield* Index.enqueueAll([2, 3].map((product) => ({ payload: { store: "berlin", products: [product] } })))
  yield* Console.log(`Index: ${more.map(({ _tag }) => _tag).join(", ")}`)
  yield* queue.awaitFinished(id)
})

const Main = IndexLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
