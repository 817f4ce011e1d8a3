import { assert, describe, it } from "@effect/vitest"
import { PayloadCodec } from "@millrace/queue"
import { MemoryScheduleStorage, MemoryStorage, ScheduleStorage, Storage } from "@millrace/storage"
import { Effect, Layer, Redacted, Result } from "effect"
import * as JobSchedule from "../../src/JobSchedule.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as TestScheduler from "../TestScheduler.ts"

const { pass, Report, report } = TestScheduler

const keyOf = (id: string, byte: number): PayloadCodec.Key => ({
  id,
  secret: Redacted.make(Buffer.alloc(32, byte).toString("base64"))
})

const old = PayloadCodec.aes256gcm({ keys: [keyOf("old", 1)] })
const onlyNew = PayloadCodec.aes256gcm({ keys: [keyOf("new", 2)] })

const binding = { purpose: "payload", subject: "Report" } as const

const storages = MemoryScheduleStorage.layer.pipe(Layer.provideMerge(MemoryStorage.layer))

/** A scheduler of its own with a codec, which fires nothing by itself. */
const on = <A, E, R>(codec: PayloadCodec.Codec | null, effect: Effect.Effect<A, E, R | Scheduler.Scheduler>) =>
  Effect.provide(
    effect,
    Layer.fresh(Scheduler.layer({ ticks: false })).pipe(Layer.provide(PayloadCodec.layer(codec)))
  )

const stored = (name: string) =>
  ScheduleStorage.ScheduleStorage.use((storage) => Effect.map(storage.get(name), (found) => found?.job.payload))

const keyIdOf = (json: unknown) => (json as { readonly k?: string }).k

describe("encodedSchedules", () => {
  it.effect("stores payloads encrypted, shows them as they are, and fires jobs that decrypt", () =>
    Effect.gen(function*() {
      const made = yield* on(
        old,
        Scheduler.Scheduler.use((all) => all.create({ name: "a", every: "1 hour", job: report }))
      )
      assert.deepStrictEqual(made.job.payload, { day: "today" })
      assert.strictEqual(keyIdOf(yield* stored("a")), "old")
      const listed = yield* on(old, Scheduler.Scheduler.use((all) => all.list({})))
      assert.deepStrictEqual(listed.items.map(({ job }) => job.payload), [{ day: "today" }])

      yield* on(old, Scheduler.Scheduler.use((all) => all.trigger("a")))
      const { items: [job] } = yield* Storage.Storage.use((storage) => storage.list({}))
      assert.strictEqual(keyIdOf(job?.payload), "old")
      assert.deepStrictEqual(old.decode(job?.payload ?? null, binding), Result.succeed({ day: "today" }))
    }).pipe(Effect.provide(storages)))

  it.effect("leaves what nobody changes as it is stored, readable or not", () =>
    Effect.gen(function*() {
      yield* on(old, Scheduler.Scheduler.use((all) => all.create({ name: "a", every: "1 hour", job: report })))
      const before = yield* stored("a")
      for (const codec of [old, onlyNew]) {
        yield* on(codec, Scheduler.Scheduler.use((all) => all.pause("a")))
        yield* on(codec, Scheduler.Scheduler.use((all) => all.resume("a")))
        assert.deepStrictEqual(yield* stored("a"), before)
      }
      yield* on(onlyNew, Scheduler.Scheduler.use((all) => all.update("a", { job: report })))
      assert.strictEqual(keyIdOf(yield* stored("a")), "new")
    }).pipe(Effect.provide(storages)))

  it.effect("declares schedules of the code encrypted, and sees no change in the same payload", () =>
    Effect.gen(function*() {
      const declared = JobSchedule.every("hourly", { every: "1 hour", job: Report, payload: { day: "today" } })
      const declare = Effect.scoped(Effect.andThen(
        Layer.build(declared.pipe(
          Layer.provide(Layer.fresh(Scheduler.layer({ ticks: false }))),
          Layer.provide(PayloadCodec.layer(old))
        )),
        pass("1 second")
      ))
      const read = ScheduleStorage.ScheduleStorage.use((storage) => storage.get("hourly"))
      yield* declare
      const first = yield* read
      assert.strictEqual(keyIdOf(first?.job.payload), "old")
      yield* declare
      assert.deepStrictEqual((yield* read)?.updatedAt, first?.updatedAt)
    }).pipe(Effect.provide(storages)))

  it.effect("lists, pauses and fires a schedule at whose payload a codec throws", () =>
    Effect.gen(function*() {
      const broken: PayloadCodec.Codec = {
        encode: (value) => value,
        decode: () => {
          throw new Error("broken")
        }
      }
      yield* on(old, Scheduler.Scheduler.use((all) => all.create({ name: "a", every: "1 hour", job: report })))
      const before = yield* stored("a")
      const listed = yield* on(broken, Scheduler.Scheduler.use((all) => all.list({})))
      assert.deepStrictEqual(listed.items.map(({ job }) => job.payload), [before])
      yield* on(broken, Scheduler.Scheduler.use((all) => all.pause("a")))
      yield* on(broken, Scheduler.Scheduler.use((all) => all.trigger("a")))
      assert.deepStrictEqual(yield* stored("a"), before)
      const { items: [job] } = yield* Storage.Storage.use((storage) => storage.list({}))
      assert.deepStrictEqual(job?.payload, before)
    }).pipe(Effect.provide(storages)))
})
