import { assert, describe, it } from "@effect/vitest"
import { JobRegistry } from "@millrace/queue"
import { ScheduleStorage, Storage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import * as Scheduler from "../src/Scheduler.ts"
import * as TestScheduler from "./TestScheduler.ts"

const { history, iso, pass, report } = TestScheduler

const jobs = Storage.Storage.use((storage) => Effect.map(storage.list({ limit: 1000 }), ({ items }) => items))

describe("a scheduler", () => {
  it.effect("enqueues the job of a schedule at its instants", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      const made = yield* scheduler.create({ name: "hourly", cron: "0 * * * *", job: { ...report, queue: "reports" } })
      assert.deepInclude(made, { name: "hourly", owner: null, overlap: "queue", misfire: { _tag: "RunOnce" } })
      assert.strictEqual(iso(made.nextAt), "2026-01-01T01:00:00.000Z")
      yield* pass("59 minutes")
      assert.lengthOf(yield* jobs, 0)
      yield* pass("121 minutes")
      assert.deepStrictEqual(yield* history("hourly"), [
        "2026-01-01T01:00:00.000Z fired",
        "2026-01-01T02:00:00.000Z fired",
        "2026-01-01T03:00:00.000Z fired"
      ])
      const stored = yield* jobs
      assert.deepStrictEqual(stored.map((job) => [job.name, job.queue, job.payload, iso(job.createdAt)]), [
        ["Report", "reports", { day: "today" }, "2026-01-01T03:00:00.000Z"],
        ["Report", "reports", { day: "today" }, "2026-01-01T02:00:00.000Z"],
        ["Report", "reports", { day: "today" }, "2026-01-01T01:00:00.000Z"]
      ])
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("fires a one-off once, and equal intervals from their beginning", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      yield* scheduler.create({ name: "once", at: "2026-01-01T00:10:00Z", job: report })
      yield* scheduler.create({ name: "every", every: "20 minutes", from: "2026-01-01T00:05:00Z", job: report })
      yield* scheduler.create({ name: "later", every: "1 minute", from: "2026-01-01T00:58:30Z", job: report })
      yield* pass("1 hour")
      assert.deepStrictEqual(yield* history("once"), ["2026-01-01T00:10:00.000Z fired"])
      assert.isNull((yield* scheduler.get("once")).nextAt)
      assert.deepStrictEqual(yield* history("every"), [
        "2026-01-01T00:05:00.000Z fired",
        "2026-01-01T00:25:00.000Z fired",
        "2026-01-01T00:45:00.000Z fired"
      ])
      assert.deepStrictEqual(yield* history("later"), [
        "2026-01-01T00:58:30.000Z fired",
        "2026-01-01T00:59:30.000Z fired"
      ])
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("puts each start off by its jitter, never before its instant, and always by the same", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      for (const name of ["a", "b"]) {
        yield* scheduler.create({ name, every: "1 hour", jitter: "10 minutes", job: report })
      }
      yield* pass("20 hours")
      const delays = (yield* jobs).map((job) => job.runAt.epochMilliseconds % 3_600_000)
      assert.lengthOf(delays, 40)
      assert(delays.every((millis) => millis >= 0 && millis <= 600_000))
      assert(new Set(delays).size > 35, "different for every instant and schedule")
      assert(Math.max(...delays) - Math.min(...delays) > 400_000, "over the whole range")
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("does not fire while paused, nor catch up afterwards, but when triggered", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      yield* scheduler.create({ name: "hourly", cron: "0 * * * *", job: report })
      const paused = yield* scheduler.pause("hourly")
      assert.strictEqual(iso(paused.pausedAt), "2026-01-01T00:00:00.000Z")
      assert.isNull(paused.nextAt)
      yield* pass("150 minutes")
      assert.deepStrictEqual(yield* scheduler.pause("hourly"), paused)
      const tick = yield* scheduler.trigger("hourly")
      assert.deepInclude(tick, { kind: "trigger", outcome: "fired" })
      assert.strictEqual(iso((yield* scheduler.resume("hourly")).nextAt), "2026-01-01T03:00:00.000Z")
      yield* pass("1 hour")
      assert.deepStrictEqual(yield* history("hourly"), [
        "2026-01-01T02:30:00.000Z fired",
        "2026-01-01T03:00:00.000Z fired"
      ])
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("changes what an update names, and computes the next instant anew for a new timing only", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      const before = yield* scheduler.create({ name: "s", cron: "0 9 * * *", timeZone: "Europe/Berlin", job: report })
      assert.strictEqual(iso(before.nextAt), "2026-01-01T08:00:00.000Z")
      const calm = yield* scheduler.update("s", { overlap: "skip", misfire: { catchUp: { max: 3, window: "1 day" } } })
      assert.deepStrictEqual({ ...calm, overlap: before.overlap, misfire: before.misfire }, before)
      assert.deepStrictEqual([calm.overlap, calm.misfire], ["skip", {
        _tag: "CatchUp",
        max: 3,
        windowMillis: 86_400_000
      }])
      const moved = yield* scheduler.update("s", { cron: "0 9 * * *", timeZone: "Asia/Tokyo", jitter: "1 minute" })
      assert.strictEqual(iso(moved.nextAt), "2026-01-02T00:00:00.000Z")
      assert.strictEqual(moved.jitterMillis, 60_000)
      yield* scheduler.pause("s")
      assert.isNull((yield* scheduler.update("s", { every: "1 hour" })).nextAt)
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("fills a past window once, oldest first, also before the schedule was made", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      yield* scheduler.create({ name: "daily", cron: "0 0 * * *", overlap: "skip", job: report })
      const window = { from: "2025-12-28T00:00:00Z", to: "2025-12-31T00:00:00Z" }
      const ticks = yield* scheduler.backfill("daily", window)
      assert.deepStrictEqual(ticks.map((tick) => [iso(tick.instant), tick.kind, tick.outcome]), [
        ["2025-12-28T00:00:00.000Z", "backfill", "fired"],
        ["2025-12-29T00:00:00.000Z", "backfill", "fired"],
        ["2025-12-30T00:00:00.000Z", "backfill", "fired"]
      ])
      assert.deepStrictEqual(yield* scheduler.backfill("daily", window), [])
      assert.lengthOf(yield* jobs, 3)
      const refused = (fields: object) =>
        Effect.map(Effect.flip(scheduler.backfill("daily", { ...window, ...fields })), (error) =>
          error._tag === "InvalidSchedule" ? error.field : error._tag)
      assert.strictEqual(yield* refused({ to: "2026-01-01T00:00:01Z" }), "to")
      assert.strictEqual(yield* refused({ to: "2025-12-28T00:00:00Z" }), "to")
      assert.strictEqual(yield* refused({ from: "nonsense" }), "from")
      assert.strictEqual(yield* refused({ max: 2 }), "max")
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("previews instants of a timing and of a stored schedule", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      const timing = { cron: "30 2 * * *", timeZone: "Europe/Berlin" }
      const from = "2026-03-27T12:00:00Z"
      const expected = ["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]
      assert.deepStrictEqual((yield* scheduler.preview(timing, { count: 3, from })).map(iso), expected)
      yield* scheduler.create({ name: "s", ...timing, job: report })
      yield* scheduler.pause("s")
      assert.deepStrictEqual((yield* scheduler.next("s", { count: 3, from })).map(iso), expected)
      assert.deepStrictEqual(
        (yield* scheduler.next("s", { count: 1 })).map(iso),
        ["2026-01-01T01:30:00.000Z"]
      )
      assert.deepStrictEqual(yield* scheduler.preview({ at: "2020-01-01T00:00:00Z" }, { count: 5 }), [])
      const tooMany = yield* Effect.flip(scheduler.preview(timing, { count: 1001 }))
      assert.deepInclude(tooMany, { _tag: "InvalidSchedule", field: "count" })
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("removes a schedule, and says what is not there or there already", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      yield* scheduler.create({ name: "s", every: "1 minute", job: report })
      const exists = yield* Effect.flip(scheduler.create({ name: "s", every: "1 minute", job: report }))
      assert.deepInclude(exists, { _tag: "ScheduleExists", name: "s" })
      yield* scheduler.remove("s")
      yield* pass("10 minutes")
      assert.lengthOf(yield* jobs, 0)
      const missing = [
        scheduler.get("s"),
        scheduler.remove("s"),
        scheduler.pause("s"),
        scheduler.resume("s"),
        scheduler.trigger("s"),
        scheduler.update("s", {}),
        scheduler.next("s", { count: 1 }),
        scheduler.backfill("s", { from: 0, to: 1 })
      ]
      for (const method of missing) {
        assert.deepInclude(yield* Effect.flip(method), { _tag: "ScheduleNotFound", name: "s" })
      }
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("refuses what can not be, naming the field and the position", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      const refusals: ReadonlyArray<readonly [spec: object, field: string, position?: number]> = [
        [{ cron: "0 25 * * *" }, "cron", 2],
        [{ cron: "0 0 30 2 *" }, "cron", 4],
        [{ cron: "0 0 * *" }, "cron", 7],
        [{ cron: "0 0 * * *", timeZone: "Mars/Olympus" }, "timeZone"],
        [{ cron: "0 0 * * *", timeZone: "+02:00" }, "timeZone"],
        [{ cron: "0 0 * * *", every: "1 hour" }, "every"],
        [{ every: "1 hour", timeZone: "UTC" }, "timeZone"],
        [{ cron: "0 0 * * *", from: 0 }, "from"],
        [{}, "cron"],
        [{ every: "999 millis" }, "every"],
        [{ every: Number.NaN }, "every"],
        [{ every: Infinity }, "every"],
        [{ at: "2025-12-31T23:59:59Z" }, "at"],
        [{ at: "2026-01-01T00:00:00Z" }, "at"],
        [{ at: "tomorrow" }, "at"],
        [{ every: "1 hour", jitter: -1 }, "jitter"],
        [{ every: "1 hour", jitter: "2 days" }, "jitter"],
        [{ every: "1 hour", overlap: "never" }, "overlap"],
        [{ every: "1 hour", misfire: "often" }, "misfire"],
        [{ every: "1 hour", misfire: { catchUp: { max: 0, window: "1 day" } } }, "misfire.catchUp.max"],
        [{ every: "1 hour", misfire: { catchUp: { max: 1, window: -5 } } }, "misfire.catchUp.window"],
        [{ every: "1 hour", name: "" }, "name"],
        [{ every: "1 hour", name: "a\nb" }, "name"],
        [{ every: "1 hour", job: { ...report, delay: "1 second" } }, "job.delay"],
        [{ every: "1 hour", job: { ...report, runAt: 0 } }, "job.runAt"]
      ]
      for (const [spec, field, position = null] of refusals) {
        const error = yield* Effect.flip(scheduler.create({ name: "s", job: report, ...spec }))
        assert.deepInclude(error, { _tag: "InvalidSchedule", field, position }, JSON.stringify(spec))
        assert.include(error.message, field)
      }
      assert.lengthOf((yield* scheduler.list({})).items, 0)
    }).pipe(Effect.provide(TestScheduler.layer())))

  it.effect("holds the payload to the definition of its job", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      const create = (job: typeof report | { readonly name: string; readonly payload: unknown }) =>
        Effect.flip(scheduler.create({ name: "s", every: "1 hour", job }))
      assert.deepInclude(yield* create({ name: "Report", payload: { day: 1 } }), {
        _tag: "InvalidPayload",
        field: "$.day"
      })
      assert.deepInclude(yield* create({ name: "Other", payload: {} }), { _tag: "UnknownJob", name: "Other" })
    }).pipe(Effect.provide(Layer.provide(
      TestScheduler.layer(),
      JobRegistry.layer([TestScheduler.Report], { strict: true })
    ))))

  it.effect("comes back after an outage of the storage and fires what was due", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      yield* scheduler.create({ name: "every", every: "10 seconds", job: report })
      yield* pass("35 seconds")
      assert.lengthOf(yield* history("every"), 3)
    }).pipe(
      Effect.provide(
        Scheduler.layer().pipe(
          Layer.provideMerge(failingAtFirst),
          Layer.provideMerge(TestScheduler.layer({ ticks: false }))
        )
      )
    ))
})

/** A storage whose first ticks die. */
const failingAtFirst = Layer.effect(
  ScheduleStorage.ScheduleStorage,
  Effect.gen(function*() {
    const storage = yield* ScheduleStorage.ScheduleStorage
    let failures = 5
    return ScheduleStorage.ScheduleStorage.of({
      ...storage,
      tick: (options) => Effect.suspend(() => failures-- > 0 ? Effect.die("down") : storage.tick(options))
    })
  })
)
