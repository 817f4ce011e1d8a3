/**
 * A job that waits for others: three parts, and a report when all of them are completed.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Explanation, Job, Queue, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

const Part = Job.make("Part", { payload: { rows: Schema.Int } })

const Report = Job.make("Report", { payload: { month: Schema.String }, success: Schema.String })

const PartLive = Part.toLayer(({ rows }) => Effect.delay(Console.log(`${rows} rows`), rows))

const ReportLive = Report.toLayer(({ month }) => Effect.succeed(`the report of ${month}`))

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  const options = { delay: "500 millis" } as const
  const parts = yield* Part.enqueueAll([100, 200, 300].map((rows) => ({ payload: { rows }, options })))
  const parents = parts.map(({ id }) => id)
  const report = yield* Report.enqueue({ month: "May" }, { parents })
  const { reasons: [reason] } = yield* queue.explain(report.id)
  yield* Console.log(`${(yield* queue.get(report.id)).state}: ${Explanation.describe(reason)}`)
  yield* Console.log((yield* queue.awaitFinished(report.id)).result)
})

const Main = Layer.mergeAll(PartLive, ReportLive).pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
