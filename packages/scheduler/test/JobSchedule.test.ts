import { assert, describe, it } from "@effect/vitest"
import { JobDefaults } from "@millrace/queue"
import { MemoryScheduleStorage, MemoryStorage, ScheduleStorage } from "@millrace/storage"
import { Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as JobSchedule from "../src/JobSchedule.ts"
import * as Scheduler from "../src/Scheduler.ts"
import * as TestScheduler from "./TestScheduler.ts"

const { Report, iso, pass } = TestScheduler

const payload = { day: "today" }

const daily = JobSchedule.cron("daily", { cron: "0 3 * * *", timeZone: "Europe/Berlin", job: Report, payload })
const hourly = JobSchedule.every("hourly", { every: "1 hour", job: Report, payload })

/** Starts a program of these schedules on the storages of the test; closing the scope ends it. */
const run = (
  schedules: Layer.Layer<never, unknown, Scheduler.Scheduler>,
  options: Scheduler.SchedulerOptions = { owner: "app" }
) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const storages = yield* Effect.context<ScheduleStorage.ScheduleStorage>()
    const program = schedules.pipe(
      Layer.provideMerge(Scheduler.layer({ pollInterval: "10 minutes", ...options })),
      Layer.provide(Layer.succeedContext(storages))
    )
    yield* Layer.buildWithScope(program, scope)
    yield* pass(1)
    return { stop: Scope.close(scope, Exit.void) }
  })

const names = ScheduleStorage.ScheduleStorage.use((storage) =>
  Effect.map(storage.list({}), ({ items }) => items.map((schedule) => schedule.name))
)

const get = (name: string) => ScheduleStorage.ScheduleStorage.use((storage) => storage.get(name))

const storages = MemoryScheduleStorage.layer.pipe(
  Layer.provideMerge(MemoryStorage.layer),
  Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(Date.parse(TestScheduler.start))))
)

describe("a schedule in code", () => {
  it.effect("is made with its owner, and fires", () =>
    Effect.gen(function*() {
      yield* run(Layer.mergeAll(daily, hourly))
      assert.deepStrictEqual(yield* names, ["daily", "hourly"])
      const schedule = yield* get("daily")
      assert.deepStrictEqual(schedule?.timing, { _tag: "Cron", cron: "0 3 * * *", timeZone: "Europe/Berlin" })
      assert.strictEqual(schedule?.owner, "app")
      assert.strictEqual(iso(schedule?.nextAt ?? null), "2026-01-01T02:00:00.000Z")
      assert.deepInclude(schedule?.job, { name: "Report", payload, queue: "default" })
      yield* pass("1 hour")
      assert.strictEqual(iso((yield* get("hourly"))?.last?.instant ?? null), "2026-01-01T01:00:00.000Z")
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("stores as many attempts as the defaults of the program say, as schedules made by name do", () =>
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* run(daily)
        const scheduler = yield* Scheduler.Scheduler
        yield* scheduler.create({ name: "by-name", every: "1 hour", job: TestScheduler.report })
      }).pipe(
        Effect.provide(Layer.provideMerge(Scheduler.layer(), JobDefaults.layer({ maxAttempts: 2 })))
      )
      assert.strictEqual((yield* get("daily"))?.job.maxAttempts, 2)
      assert.strictEqual((yield* get("by-name"))?.job.maxAttempts, 2)
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("changes with the code, keeps its time when that did not change, and its pause in any case", () =>
    Effect.gen(function*() {
      const first = yield* run(hourly)
      yield* pass("30 minutes")
      yield* first.stop
      const second = yield* run(JobSchedule.every("hourly", { every: "1 hour", overlap: "skip", job: Report, payload }))
      const kept = yield* get("hourly")
      assert.strictEqual(kept?.overlap, "skip")
      assert.strictEqual(iso(kept?.nextAt ?? null), "2026-01-01T01:00:00.000Z")
      yield* second.stop
      yield* run(JobSchedule.cron("hourly", { cron: "45 * * * *", job: Report, payload }))
      assert.strictEqual(iso((yield* get("hourly"))?.nextAt ?? null), "2026-01-01T00:45:00.000Z")
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("keeps a pause through a deployment, and is only paused, not changed or removed, by hand", () =>
    Effect.gen(function*() {
      const { stop } = yield* run(hourly)
      const scheduler = yield* Effect.provide(Scheduler.Scheduler, Scheduler.layer({ ticks: false }))
      yield* scheduler.pause("hourly")
      assert.deepInclude(yield* Effect.flip(scheduler.remove("hourly")), { _tag: "ScheduleOwned", owner: "app" })
      assert.deepInclude(yield* Effect.flip(scheduler.update("hourly", { jitter: 1 })), { _tag: "ScheduleOwned" })
      yield* stop
      yield* run(JobSchedule.cron("hourly", { cron: "45 * * * *", job: Report, payload }))
      const schedule = yield* get("hourly")
      assert.isNotNull(schedule?.pausedAt)
      assert.isNull(schedule?.nextAt)
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("is removed some time after no program declares it any more, and not while one does", () =>
    Effect.gen(function*() {
      const old = yield* run(Layer.mergeAll(daily, hourly))
      yield* run(daily)
      yield* pass("1 hour")
      assert.deepStrictEqual(yield* names, ["daily", "hourly"])
      yield* old.stop
      yield* pass("10 minutes")
      assert.isNotNull((yield* get("hourly"))?.droppedAt)
      yield* pass("15 minutes")
      assert.deepStrictEqual(yield* names, ["daily"])
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("comes back when a deployment is taken back in time", () =>
    Effect.gen(function*() {
      const old = yield* run(hourly)
      yield* old.stop
      yield* run(daily)
      yield* pass("10 minutes")
      assert.isNotNull((yield* get("hourly"))?.droppedAt)
      yield* run(hourly)
      assert.isNull((yield* get("hourly"))?.droppedAt)
      yield* pass("1 hour")
      assert.deepStrictEqual(yield* names, ["daily", "hourly"])
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("leaves the schedules of other owners and of people alone", () =>
    Effect.gen(function*() {
      const other = yield* run(hourly, { owner: "other" })
      yield* other.stop
      const scheduler = yield* Effect.provide(Scheduler.Scheduler, Scheduler.layer({ ticks: false }))
      yield* scheduler.create({ name: "mine", every: "1 day", job: TestScheduler.report })
      yield* run(daily)
      yield* pass("2 hours")
      assert.deepStrictEqual(yield* names, ["daily", "hourly", "mine"])
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("is made again when somebody removes it from the storage", () =>
    Effect.gen(function*() {
      yield* run(daily)
      const storage = yield* ScheduleStorage.ScheduleStorage
      yield* storage.modify("daily", () => ({ answer: null, write: "remove", isEdit: false, fire: [] }))
      yield* pass("3 minutes")
      assert.deepStrictEqual(yield* names, ["daily"])
    }).pipe(Effect.scoped, Effect.provide(storages)))

  it.effect("fails the layer when the code can not be right", () =>
    Effect.gen(function*() {
      const build = (layer: JobSchedule.DeclaredLayer) =>
        Effect.flip(Layer.build(Layer.provide(layer, Scheduler.layer({ ticks: false }))))
      const wrongCron = yield* build(JobSchedule.cron("s", { cron: "61 * * * *", job: Report, payload }))
      assert.deepInclude(wrongCron, { _tag: "InvalidSchedule", field: "cron", position: 0 })
      const unfit = yield* build(JobSchedule.once("s", { at: "nonsense", job: Report, payload }))
      assert.deepInclude(unfit, { _tag: "InvalidSchedule", field: "at" })
    }).pipe(Effect.scoped, Effect.provide(storages)))
})
