/**
 * Encryption: what the storage gets of a job is ciphertext, and what handlers and readers with the key get is the job.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, PayloadCodec, Queue, Worker } from "@millrace/queue"
import { MemoryStorage, Storage } from "@millrace/storage"
import { Config, Console, Effect, Layer, Redacted, Schema } from "effect"

const Pay = Job.make("Pay", { payload: { card: Schema.String }, success: Schema.String })

const PayLive = Pay.toLayer(({ card }) => Effect.succeed(`paid with the card that ends in ${card.slice(-4)}`))

// The base64 of 32 random bytes, as `openssl rand -base64 32` prints; never one that stands in the code.
const secret = (name: string) => Config.withDefault(Config.Redacted(name), Redacted.make("A".repeat(43) + "="))

const Codec = Layer.unwrap(Effect.gen(function*() {
  return PayloadCodec.layer(PayloadCodec.aes256gcm({
    // The first key encrypts, all of them decrypt.
    keys: [
      { id: "2026", secret: yield* secret("PAYLOAD_KEY_2026") },
      { id: "2025", secret: yield* secret("PAYLOAD_KEY_2025") }
    ]
  }))
}))

const program = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  const storage = yield* Storage.Storage
  const { id } = yield* Pay.enqueue({ card: "4242 4242 4242 4242" })
  const { items: [stored] } = yield* storage.list({ ids: [id] })
  yield* Console.log(`stored: ${Object.keys(stored?.payload ?? {}).join(", ")}`)
  const job = yield* queue.awaitFinished(id)
  yield* Console.log(`read: ${JSON.stringify(job.payload)}, ${JSON.stringify(job.result)}`)
})

const Main = PayLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(Codec),
  Layer.provideMerge(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
