/**
 * A sleep that outlives workers: what came before it runs once, and no slot is held meanwhile.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

const Trial = Job.make("Trial", { payload: { user: Schema.String }, success: Schema.String })

const TrialLive = Trial.toLayer(
  Effect.fn("Trial")(function*({ user }) {
    // From here on the handler may run several times; what is in `before` does not.
    const account = yield* Job.sleep("trial", "200 millis", {
      before: Effect.as(Console.log(`${user}: the trial begins`), { number: 7 }),
      value: Schema.Struct({ number: Schema.Int })
    })
    yield* Job.sleep("reminder", "200 millis", { before: Console.log(`${user}: remind account ${account.number}`) })
    return `${user}: the trial of account ${account.number} is over`
  })
)

const program = Trial.execute({ user: "ada" }).pipe(Effect.flatMap(Console.log))

const Main = TrialLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
