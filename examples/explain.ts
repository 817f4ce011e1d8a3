/**
 * Why does my job not run? One answer, with names, holders and times.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Explanation, Job, Limit, Queue, Worker } from "@millrace/queue"
import type { JobId } from "@millrace/storage"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

const Export = Job.make("Export", {
  payload: { month: Schema.String },
  limits: [Limit.concurrency("exports", { max: 1 })]
})

const ExportLive = Export.toLayer(() => Effect.sleep("300 millis"))

const tell = Effect.fn("tell")(function*(id: JobId.JobId) {
  const queue = yield* Queue.Queue
  const { reasons } = yield* queue.explain(id)
  for (const reason of reasons) yield* Console.log(`job ${id} (${reason._tag}): ${Explanation.describe(reason)}`)
})

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  const [first, second] = yield* Export.enqueueAll([{ payload: { month: "May" } }, { payload: { month: "June" } }])
  if (first === undefined || second === undefined) return
  while ((yield* queue.get(first.id)).state !== "running") yield* Effect.sleep("5 millis")
  yield* tell(second.id)
  yield* queue.awaitFinished(second.id)
  yield* tell(second.id)
})

const Main = ExportLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
