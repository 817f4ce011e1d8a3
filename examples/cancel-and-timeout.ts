/**
 * Cancel and time-out are interruption: what the handler acquired is released, and its finalizers run.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { MemoryStorage } from "@millrace/storage"
import { Console, Deferred, Effect, Layer, Schema } from "effect"

const MakeReport = Job.make("MakeReport", {
  payload: { month: Schema.String },
  timeout: "200 millis",
  retry: RetryPolicy.never
})

/** Opened by the attempt that runs, so that the program knows whom to cancel. */
const started = Deferred.makeUnsafe<void>()

const MakeReportLive = MakeReport.toLayer(
  Effect.fn("MakeReport")(function*({ month }) {
    // The scope of a handler is its attempt.
    yield* Effect.acquireRelease(
      Console.log(`${month}: opens a temporary file`),
      () => Console.log(`${month}: removes the temporary file`)
    )
    yield* Deferred.succeed(started, undefined)
    return yield* Effect.never
  })
)

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue

  const { id } = yield* MakeReport.enqueue({ month: "May" }, { timeout: "1 hour" })
  yield* Deferred.await(started)
  const asked = yield* queue.cancel(id, "wrong month")
  const cancelled = yield* queue.awaitFinished(id)
  yield* Console.log(`May: was ${asked.from}, cancel was ${asked.to}, is ${cancelled.state}`)

  const late = yield* MakeReport.enqueue({ month: "June" })
  const dead = yield* queue.awaitFinished(late.id)
  yield* Console.log(`June: ${dead.state}, ${dead.error?.tag}: ${dead.error?.message}`)
})

const Main = MakeReportLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
