import { assert, describe, it } from "@effect/vitest"
import { Queue } from "@millrace/queue"
import { MemoryStorage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import * as Creation from "../../src/handlers/Creation.ts"
import * as KnownJobs from "../../src/KnownJobs.ts"
import { Echo, SendWelcome } from "../support/ServerUnderTest.ts"

const layer = KnownJobs.layer({ builtIn: [SendWelcome], module: [Echo] }).pipe(
  Layer.provideMerge(Queue.layer),
  Layer.provideMerge(MemoryStorage.layer)
)

const harness = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  return { queue, creation: Creation.make(queue, yield* KnownJobs.KnownJobs) }
})

const count = (queue: Queue.Queue["Service"]) => Effect.map(queue.list({}), (page) => page.items.length)

describe("Creation", () => {
  it.effect("stores one job, and tells what became of it", () =>
    Effect.gen(function*() {
      const { creation, queue } = yield* harness
      const job = { name: "Echo", payload: 1, unique: "k" }
      const first = yield* creation.one(job)
      assert.strictEqual(first.outcome, "enqueued")
      assert.deepStrictEqual(yield* creation.one(job), { id: first.id, outcome: "duplicate" })
      assert.strictEqual(yield* count(queue), 1)
    }).pipe(Effect.provide(layer)))

  it.effect("refuses what is larger than a payload may be, and stores nothing", () =>
    Effect.gen(function*() {
      const { creation, queue } = yield* harness
      const large = { name: "Echo", payload: { text: "x".repeat(1_100_000) } }
      const one = yield* Effect.flip(creation.one(large))
      assert.deepInclude(one.error, { tag: "InvalidPayload", field: "payload.text" })
      const many = yield* Effect.flip(creation.many([{ name: "Echo", payload: 1 }, large]))
      assert.strictEqual(many._tag, "InvalidPayload")
      assert.strictEqual(yield* count(queue), 0)
    }).pipe(Effect.provide(layer)))

  it.effect("refuses a payload that is nested deeper than 100 levels", () =>
    Effect.gen(function*() {
      const { creation } = yield* harness
      const nested = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as null
      assert.strictEqual((yield* creation.one({ name: "Echo", payload: nested(100) })).outcome, "enqueued")
      const error = yield* Effect.flip(creation.one({ name: "Echo", payload: nested(101) }))
      assert.strictEqual(error._tag, "InvalidPayload")
    }).pipe(Effect.provide(layer)))

  it.effect("says which job of a batch is wrong", () =>
    Effect.gen(function*() {
      const { creation } = yield* harness
      const good = { name: "Echo", payload: 1 }
      const unknown = yield* Effect.flip(creation.many([good, good, { name: "Nope", payload: 1 }]))
      assert.deepInclude(unknown.error, { tag: "UnknownJob", field: "jobs[2].name" })
      const unfit = yield* Effect.flip(creation.many([{ name: "SendWelcome", payload: {} }]))
      assert.deepInclude(unfit.error, { tag: "InvalidPayload", field: "jobs[0].payload.userId" })
    }).pipe(Effect.provide(layer)))
})
