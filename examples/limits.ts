/**
 * Limits: how many jobs of a store run at a time, and what to do when the service on the other side asks for a pause.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Limit, Queue, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Ref, Schema } from "effect"

const perStore = Limit.concurrency("per-store", {
  max: 2,
  key: ({ store }: { readonly store: string }) => store
})

const openai = Limit.rate("openai", { permits: 450, per: "1 minute", burst: 20 })

const Describe = Job.make("Describe", {
  payload: { store: Schema.String, product: Schema.Int },
  limits: [perStore, openai]
})

/** Jobs that run at the moment, the most there were, and whether the other side has asked for a pause. */
const running = Ref.makeUnsafe(0)
const most = Ref.makeUnsafe(0)
const busy = Ref.makeUnsafe(true)

const DescribeLive = Describe.toLayer(
  Effect.fn("Describe")(function*({ product }) {
    const now = yield* Ref.updateAndGet(running, (count) => count + 1)
    yield* Ref.update(most, (count) => Math.max(count, now))
    yield* Effect.ensuring(Effect.sleep("20 millis"), Ref.update(running, (count) => count - 1))
    // "429 Too Many Requests, Retry-After: 1": nothing under this limit starts for so long; no attempt is spent.
    if (product === 0 && (yield* Ref.getAndSet(busy, false))) return yield* Job.pauseLimit(openai, "1 second")
  })
)

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  const results = yield* Describe.enqueueAll(
    Array.from({ length: 10 }, (_, product) => ({ payload: { store: "berlin", product } }))
  )
  yield* Effect.forEach(results, ({ id }) => queue.awaitFinished(id), { concurrency: 10 })
  yield* Console.log(`at most ${yield* Ref.get(most)} of a store ran at a time`)
  // While everything goes on: more for one store, for an hour.
  yield* queue.admission.override("per-store", { key: "berlin", max: 20, during: "1 hour" })
  for (const { overrides, rule } of yield* queue.admission.limits) {
    yield* Console.log(`${rule.kind} ${rule.name}: ${rule.max}, ${overrides.length} overrides`)
  }
})

const Main = DescribeLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
