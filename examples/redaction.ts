/**
 * Redaction: fields that the schema of a job marks are for its handler, and for no log, list or answer of the API.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Redaction, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

const Pay = Job.make("Pay", {
  payload: {
    order: Schema.Int,
    card: Schema.String.pipe(Redaction.redacted),
    holder: Schema.optionalKey(Schema.Struct({
      name: Schema.String.pipe(Redaction.redacted),
      country: Schema.String
    }))
  },
  success: Schema.Struct({ paid: Schema.Boolean, receipt: Schema.String.pipe(Redaction.redacted) })
})

const PayLive = Pay.toLayer(({ card }) => Effect.succeed({ paid: true, receipt: `receipt of ${card}` }))

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  const { id } = yield* Pay.enqueue({ order: 7, card: "4242 4242", holder: { name: "Ada", country: "GB" } })
  const job = yield* queue.awaitFinished(id)
  // The HTTP server does this with every job that it knows. The queue itself answers what is stored.
  const { payload, result } = Redaction.job(Pay, job)
  yield* Console.log(JSON.stringify(payload))
  yield* Console.log(JSON.stringify(result))
})

const Main = PayLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
