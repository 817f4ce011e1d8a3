import { assert, describe, it } from "@effect/vitest"
import type { ControlCommand } from "@millrace/storage/ControlCommand"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import { Storage } from "@millrace/storage/Storage"
import { StorageError, Unavailable } from "@millrace/storage/StorageError"
import { Context, Effect, Layer, Schema } from "effect"
import * as Job from "../../src/Job.ts"
import * as Limit from "../../src/Limit.ts"
import * as Queue from "../../src/Queue.ts"
import { WorkerIdentity } from "../../src/WorkerIdentity.ts"
import * as TestWorker from "../TestWorker.ts"

/** What the storage was told, and whether it answers. */
class Wire extends Context.Service<Wire, { readonly commands: Array<ControlCommand>; isDown: boolean }>()(
  "@millrace/queue/test/declarer/Wire"
) {}

const watched = Layer.effectContext(Effect.map(MemoryStorage.make(), (inner) => {
  const wire: Wire["Service"] = { commands: [], isDown: false }
  const control = (command: ControlCommand) =>
    Effect.suspend(() => {
      if (wire.isDown) {
        return Effect.fail(new StorageError({ reason: new Unavailable({ operation: "control", detail: "down" }) }))
      }
      wire.commands.push(command)
      return Effect.void
    })
  return Context.make(Storage, Storage.of({ ...inner, control })).pipe(Context.add(Wire, wire))
}))

const identity = Layer.succeed(WorkerIdentity, { host: "h", pid: 1, release: "2.0.0" })

const test = Effect.provide(Queue.layer.pipe(Layer.provideMerge(Layer.mergeAll(watched, identity))))

const a = Limit.concurrency("a", { max: 1 })
const b = Limit.rate("b", { permits: 5, per: "1 second" })
const A = Job.make("A", { payload: { n: Schema.Int }, limits: [a] })
const AB = Job.make("AB", { payload: {}, limits: [a, b], fifo: () => "k" })

const names = (commands: ReadonlyArray<ControlCommand>) =>
  commands.map((command) =>
    command._tag === "DeclareLimits"
      ? `${command.release}: ${command.rules.map(({ name }) => name).join(" ")}`
      : command._tag
  )

describe("declarer", () => {
  it.effect("declares a rule before the first job with it is stored, once in a process", () =>
    Effect.gen(function*() {
      const { commands } = yield* Wire
      yield* A.enqueue({ n: 1 })
      yield* A.enqueue({ n: 2 })
      yield* AB.enqueueAll([{ payload: {} }, { payload: {} }])
      assert.deepStrictEqual(names(commands), ["2.0.0: a", "2.0.0: b fifo:AB"])
    }).pipe(test))

  it.effect("stores no job whose rule could not be declared, and tries again with the next one", () =>
    Effect.gen(function*() {
      const wire = yield* Wire
      wire.isDown = true
      assert.strictEqual((yield* Effect.flip(A.enqueue({ n: 1 })))._tag, "StorageError")
      const queue = yield* Queue.Queue
      assert.deepStrictEqual((yield* queue.list({})).items, [])
      wire.isDown = false
      yield* A.enqueue({ n: 1 })
      assert.deepStrictEqual(names(wire.commands), ["2.0.0: a"])
    }).pipe(test))

  it.effect("refuses two different rules of one name in one process", () =>
    Effect.gen(function*() {
      const Other = Job.make("Other", { payload: {}, limits: [Limit.concurrency("a", { max: 2 })] })
      const Same = Job.make("Same", { payload: {}, limits: [Limit.concurrency("a", { max: 1 })] })
      yield* A.enqueue({ n: 1 })
      yield* Same.enqueue({})
      const error = yield* Effect.flip(Other.enqueue({}))
      assert.strictEqual(error._tag === "InvalidOption" ? error.field : "", "limits.a")
    }).pipe(test))

  it.effect("declares what a worker's handlers need, as they come, also after an outage", () =>
    Effect.gen(function*() {
      const wire = yield* Wire
      wire.isDown = true
      const { register } = yield* TestWorker.start(A.toLayer(() => Effect.void))
      yield* TestWorker.pass(3_000)
      wire.isDown = false
      yield* TestWorker.pass(5_000)
      assert.deepStrictEqual(names(wire.commands), ["2.0.0: a"])
      yield* register(AB.toLayer(() => Effect.void))
      yield* TestWorker.settle
      assert.deepStrictEqual(names(wire.commands), ["2.0.0: a", "2.0.0: b fifo:AB"])
    }).pipe(test))

  it.effect("refuses a handler whose limits contradict those of another", () =>
    Effect.gen(function*() {
      const Other = Job.make("Other", { payload: {}, limits: [Limit.concurrency("a", { max: 2 })] })
      const { register } = yield* TestWorker.start(A.toLayer(() => Effect.void))
      const detail = yield* Effect.catchDefect(
        Effect.as(register(Other.toLayer(() => Effect.void)), "registered"),
        (defect) => Effect.succeed(String(defect))
      )
      assert.include(detail, "different rules")
    }).pipe(test))
})
