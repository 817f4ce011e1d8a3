/**
 * Ask and wait: `execute` enqueues a job and answers with its typed result, or fails with its typed error.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

class UnknownCity extends Schema.TaggedError<UnknownCity>()("UnknownCity", { city: Schema.String }) {}

const CountPeople = Job.make("CountPeople", {
  payload: { city: Schema.String },
  success: Schema.Struct({ people: Schema.BigInt }),
  error: UnknownCity,
  retry: RetryPolicy.never
})

const CountPeopleLive = CountPeople.toLayer(
  Effect.fn("CountPeople")(function*({ city }) {
    if (city !== "London") return yield* new UnknownCity({ city })
    return { people: 8_866_180n }
  })
)

const program = Effect.gen(function*() {
  // The result went through the storage as JSON, and is a bigint again.
  const { people } = yield* CountPeople.execute({ city: "London" })
  yield* Console.log("London:", people)

  yield* CountPeople.execute({ city: "Atlantis" }).pipe(
    Effect.catchTags({
      UnknownCity: ({ city }) => Console.log(`nobody knows ${city}`),
      JobCancelled: ({ id }) => Console.log(`job ${id} was cancelled`),
      JobDead: ({ failure }) => Console.log(`gave up for another reason: ${failure?.message}`)
    })
  )
})

const Main = CountPeopleLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
