/**
 * Come back later: a handler that has to wait for something outside snoozes, and holds no slot and spends no attempt.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Ref, Schema } from "effect"

const FetchExport = Job.make("FetchExport", {
  payload: { exportId: Schema.String },
  success: Schema.String,
  maxAttempts: 1
})

/** The other side needs a while: it is ready when it is asked for the third time. */
const asked = Ref.makeUnsafe(0)

const FetchExportLive = FetchExport.toLayer(
  Effect.fn("FetchExport")(function*({ exportId }, job) {
    const times = yield* Ref.updateAndGet(asked, (n) => n + 1)
    yield* Console.log(`asked ${times} times, attempt ${job.attempt} of ${job.maxAttempts}`)
    if (times < 3) return yield* Job.snooze("100 millis")
    return `export ${exportId} is here`
  })
)

const program = FetchExport.execute({ exportId: "E-7" }).pipe(Effect.flatMap(Console.log))

const Main = FetchExportLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
