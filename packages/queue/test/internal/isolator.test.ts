import { assert, describe, it } from "@effect/vitest"
import type { JobId } from "@millrace/storage/JobId"
import { Deferred, Effect, Layer, Ref, Schema } from "effect"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass, settle } = TestWorker

const Poison = Job.make("Poison", { payload: { n: Schema.Number } })
const Innocent = Job.make("Innocent", { payload: { n: Schema.Number } })

const recordOf = (id: JobId) => Queue.Queue.use((queue) => queue.get(id))

/** A worker that dies with these jobs in its hands: it claims them, and nobody hears of it again. */
const dieWith = (
  storage: TestStorage.TestStorage["Service"],
  workerId: string,
  names: ReadonlyArray<string>,
  suspects = false
) =>
  Effect.gen(function*() {
    const info = { host: "h", pid: 1, release: "", queues: ["default"], names, concurrency: 100 }
    yield* storage.inner.renew({ _tag: "Register", workerId, leaseMillis: 1, info })
    const claims = yield* storage.inner.claim({
      workerId,
      queue: "default",
      handles: names.map((name) => ({ name, versionMin: 1, versionMax: 1 })),
      limit: 100,
      perTenant: 100,
      ...(suspects ? { suspects } : {})
    })
    if (suspects) {
      const starts = claims.map(({ id, leaseId, token }) => ({ id, leaseId, token, started: true }) as const)
      yield* storage.inner.report(workerId, starts)
    }
    yield* pass(20)
    yield* storage.inner.reclaim({ limit: 100 })
    return claims.length
  })

describe("isolator", () => {
  it.effect("F09: runs each suspect with nothing beside it, and ordinary jobs beside each other", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const suspects = yield* Poison.enqueueAll([1, 2, 3].map((n) => ({ payload: { n } })))
      yield* dieWith(storage, "dead/1", ["Poison"])
      yield* Innocent.enqueueAll(Array.from({ length: 1_000 }, (_, n) => ({ payload: { n } })))
      const beside = yield* Ref.make<ReadonlyArray<number>>([])
      const running = yield* Ref.make(0)
      const most = yield* Ref.make(0)
      const body = Effect.gen(function*() {
        const now = yield* Ref.updateAndGet(running, (n) => n + 1)
        yield* Ref.update(most, (n) => Math.max(n, now))
        yield* Effect.sleep("300 millis")
        yield* Ref.update(running, (n) => n - 1)
      })
      yield* TestWorker.start(
        Layer.mergeAll(
          Poison.toLayer(() =>
            Effect.gen(function*() {
              yield* Ref.update(running, (n) => n + 1)
              yield* Effect.sleep("300 millis")
              const others = (yield* Ref.get(running)) - 1
              yield* Ref.update(beside, (all) => [...all, others])
              yield* Ref.update(running, (n) => n - 1)
            })
          ),
          Innocent.toLayer(() => body)
        ),
        { concurrency: 5 }
      )
      yield* pass(60_000)
      assert.deepStrictEqual(yield* Ref.get(beside), [0, 0, 0])
      assert.strictEqual(yield* Ref.get(most), 5)
      for (const { id } of suspects) {
        const record = yield* recordOf(id)
        assert.strictEqual(record.state, "completed")
        assert.strictEqual(record.crashes, 1)
        assert.strictEqual(record.failures, 0)
      }
      // All the time there was more ordinary work than could be done, and it was done beside isolation.
      const { items } = yield* storage.inner.list({ names: ["Innocent"], states: ["completed"], limit: 1_000 })
      assert.isAtLeast(items.length, 500)
      assert.isAtMost(items.length, 999)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lets ordinary work go on between rounds of isolation", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* Poison.enqueueAll(Array.from({ length: 30 }, (_, n) => ({ payload: { n } })))
      yield* dieWith(storage, "dead/1", ["Poison"])
      const order = yield* Ref.make("")
      yield* TestWorker.start(
        Layer.mergeAll(
          Poison.toLayer(() => Effect.andThen(Effect.sleep("2 seconds"), Ref.update(order, (text) => `${text}P`))),
          Innocent.toLayer(() => Effect.andThen(Effect.sleep("1 second"), Ref.update(order, (text) => `${text}i`)))
        ),
        { concurrency: 1 }
      )
      yield* Innocent.enqueueAll(Array.from({ length: 300 }, (_, n) => ({ payload: { n } })))
      yield* pass(60_000)
      yield* pass(60_000)
      const text = yield* Ref.get(order)
      assert.isAtLeast(text.split("P").length - 1, 6)
      // A suspect takes 2 seconds, an ordinary job 1: after each round ordinary work has at least as much time.
      const turns = [...text.matchAll(/(P+)(i+)(?=P)/g)].map((
        [, round = "", rest = ""]
      ) => [round.length * 2, rest.length])
      assert.isAtLeast(turns.length, 2)
      for (const [isolated = 0, ordinary = 0] of turns) assert.isAtLeast(ordinary, isolated - 1)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("waits for running jobs only so long, and tries again later with more patience", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const [suspect] = yield* Poison.enqueueAll([{ payload: { n: 1 } }])
      yield* dieWith(storage, "dead/1", ["Poison"])
      const gate = yield* Deferred.make<void>()
      const { worker } = yield* TestWorker.start(
        Layer.mergeAll(
          Poison.toLayer(() => Effect.void),
          Innocent.toLayer(({ n }) => n === 0 ? Deferred.await(gate) : Effect.sleep("100 millis"))
        ),
        { concurrency: 2 }
      )
      yield* Innocent.enqueue({ n: 0 })
      yield* settle
      yield* pass(8_000)
      // Whatever phase it is in, ordinary jobs get their turn within one patience.
      const ordinary = yield* Innocent.enqueue({ n: 1 })
      yield* pass(40_000)
      assert.strictEqual((yield* recordOf(ordinary.id)).state, "completed")
      assert.strictEqual((yield* recordOf(suspect?.id ?? ordinary.id)).state, "available")
      yield* Deferred.succeed(gate, undefined)
      yield* pass(60_000)
      yield* pass(60_000)
      assert.strictEqual((yield* recordOf(suspect?.id ?? ordinary.id)).state, "completed")
      assert.strictEqual((yield* worker.health).state, "running")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("stops ordinary work ever more seldom for suspects that it can not get", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      yield* Poison.enqueue({ n: 1 })
      yield* dieWith(storage, "dead/1", ["Poison"])
      yield* Queue.Queue.use((queue) => queue.pause("default"))
      yield* TestWorker.start(Poison.toLayer(() => Effect.void))
      for (let minute = 0; minute < 10; minute++) yield* pass(60_000)
      const asked = storage.calls.filter(({ input, method }) =>
        method === "claim" && (input as { readonly suspects?: boolean }).suspects === true
      )
      assert.isAtLeast(asked.length, 2)
      assert.isAtMost(asked.length, 25)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F11: is not held up for ever by a suspect that ignores interruption", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const Deaf = Job.make("Deaf", { payload: {}, timeout: "1 second" })
      yield* Deaf.enqueue({})
      yield* dieWith(storage, "dead/1", ["Deaf"])
      const gate = yield* Deferred.make<void>()
      yield* TestWorker.start(
        Layer.mergeAll(
          Deaf.toLayer(() => Effect.uninterruptible(Deferred.await(gate))),
          Innocent.toLayer(() => Effect.void)
        ),
        { concurrency: 2 }
      )
      yield* pass(20_000)
      const { id } = yield* Innocent.enqueue({ n: 1 })
      yield* pass(2_000)
      assert.strictEqual((yield* recordOf(id)).state, "completed")
      yield* Deferred.succeed(gate, undefined)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F08: lets a job die that killed three workers alone, and nobody else", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const poison = yield* Poison.enqueue({ n: 0 })
      const innocent = yield* Innocent.enqueue({ n: 1 })
      assert.strictEqual(yield* dieWith(storage, "dead/1", ["Poison", "Innocent"]), 2)
      assert.strictEqual(yield* dieWith(storage, "dead/2", ["Poison"], true), 1)
      assert.strictEqual(yield* dieWith(storage, "dead/3", ["Poison"], true), 1)
      yield* TestWorker.start(Innocent.toLayer(() => Effect.void))
      yield* pass(20_000)
      assert.strictEqual((yield* recordOf(poison.id)).state, "dead")
      const record = yield* recordOf(innocent.id)
      assert.strictEqual(record.state, "completed")
      assert.strictEqual(record.failures, 0)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("F09: says that a suspect starts before it does", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const suspect = yield* Poison.enqueue({ n: 0 })
      assert.strictEqual(yield* dieWith(storage, "dead/1", ["Poison"]), 1)
      const told: Array<string> = []
      yield* Effect.sync(() => {
        const { report } = storage.inner
        Object.assign(storage.inner, {
          report: (workerId: string, reports: Parameters<typeof report>[1]) => {
            told.push(...reports.map(({ id, started }) => `${id} ${started === true ? "starts" : "reports"}`))
            return report(workerId, reports)
          }
        })
      })
      yield* TestWorker.start(Poison.toLayer(() => Effect.sync(() => void told.push("runs"))))
      yield* pass(20_000)
      assert.deepStrictEqual(told, [`${suspect.id} starts`, "runs"])
    }).pipe(Effect.provide(TestWorker.layer())))
})
