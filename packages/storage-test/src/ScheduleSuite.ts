/**
 * The conformance suite of schedules: what every driver of `ScheduleStorage` must do, as tests.
 *
 * Every test gets empty storages and the Effect clock as their clock.
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import type { JobState, ScheduleRecord, ScheduleStorage as Port } from "@millrace/storage"
import { ScheduleStorage, Storage, StorageClock } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"

const start = Fixture.startMillis

const at = (offsetMillis: number): DateTime.Utc => DateTime.makeUnsafe(start + offsetMillis)

const { delayMillis: _, runAt: __, ...job } = Fixture.newJob()

/**
 * A schedule that fires next after a second, every minute.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const newSchedule = (fields: Partial<ScheduleRecord.Schedule> = {}): ScheduleRecord.Schedule => ({
  name: "nightly",
  owner: null,
  timing: { _tag: "Every", everyMillis: 60_000, anchorMillis: start + 1000 },
  job,
  jitterMillis: 0,
  overlap: "queue",
  misfire: { _tag: "RunOnce" },
  nextAt: at(1000),
  pausedAt: null,
  declaredAt: null,
  droppedAt: null,
  ...fields
})

const put = (schedule: ScheduleRecord.Schedule, isEdit = true) =>
  ScheduleStorage.ScheduleStorage.use((storage) =>
    storage.modify(schedule.name, (current) => ({ answer: current, write: schedule, isEdit, fire: [] }))
  )

const firing = (offsetMillis: number, fields: Partial<Port.Firing> = {}): Port.Firing => ({
  instant: at(offsetMillis),
  runAt: at(offsetMillis),
  kind: "due",
  overlap: true,
  outcome: "fired",
  missed: 0,
  ...fields
})

/** Fires the next instant of each schedule, and moves it on by a minute. */
const decide = (schedule: ScheduleRecord.ScheduleRecord): Port.TickDecision => {
  const instant = schedule.nextAt ?? at(0)
  return {
    nextAt: DateTime.add(instant, { minutes: 1 }),
    fire: [firing(DateTime.toEpochMillis(instant) - start)]
  }
}

const tick = (limit = 100, by: Port.TickOptions["decide"] = decide) =>
  ScheduleStorage.ScheduleStorage.use((storage) => storage.tick({ limit, decide: by }))

const fire = (name: string, ...firings: ReadonlyArray<Port.Firing>) =>
  ScheduleStorage.ScheduleStorage.use((storage) =>
    storage.modify(name, () => ({ answer: null, write: "keep", isEdit: false, fire: firings }))
  )

const get = (name: string) => ScheduleStorage.ScheduleStorage.use((storage) => storage.get(name))

const history = (query: Port.TickQuery = {}) => ScheduleStorage.ScheduleStorage.use((storage) => storage.ticks(query))

const jobStates = Storage.Storage.use((storage) =>
  Effect.map(storage.list({}), ({ items }): ReadonlyArray<JobState.JobState> => items.map((job) => job.state))
)

const outcomes = (ticks: ReadonlyArray<ScheduleRecord.ScheduleTick>) => ticks.map((tick) => tick.outcome)

/**
 * Declares all tests for a driver. `layer` must build empty storages every time.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(
  name: string,
  layer: Layer.Layer<ScheduleStorage.ScheduleStorage | Storage.Storage, E>
): void => {
  const onTestClock = Layer.provide(layer, Layer.succeed(StorageClock.StorageClock, "effect"))
  const test = <E>(
    title: string,
    body: () => Effect.Effect<void, E, ScheduleStorage.ScheduleStorage | Storage.Storage>
  ): void =>
    it.effect(
      title,
      () => Effect.andThen(TestClock.setTime(start), Effect.suspend(body).pipe(Effect.provide(onTestClock)))
    )
  describe(`schedules: ${name}`, () => {
    declareModify(test)
    declareTick(test)
    declareOverlap(test)
    declareReads(test)
  })
}

type Declare = <E>(
  title: string,
  body: () => Effect.Effect<void, E, ScheduleStorage.ScheduleStorage | Storage.Storage>
) => void

const declareModify = (test: Declare): void => {
  test("stores every field of a schedule, and says when it was made and edited", () =>
    Effect.gen(function*() {
      const schedule = newSchedule({
        owner: "app",
        timing: { _tag: "Cron", cron: "0 3 * * *", timeZone: "Europe/Berlin" },
        jitterMillis: 30_000,
        overlap: "skip",
        misfire: { _tag: "CatchUp", max: 3, windowMillis: 60_000 },
        pausedAt: at(1),
        declaredAt: at(2),
        droppedAt: at(3)
      })
      const made = yield* put(schedule)
      assert.isNull(made.answer)
      assert.deepStrictEqual(made.schedule, { ...schedule, createdAt: at(0), updatedAt: at(0), last: null })
      assert.deepStrictEqual(yield* get("nightly"), made.schedule)
      yield* TestClock.adjust(10)
      const touched = yield* put({ ...schedule, declaredAt: at(10) }, false)
      assert.deepStrictEqual(touched.answer, made.schedule)
      assert.deepStrictEqual(touched.schedule?.updatedAt, at(0))
      const edited = yield* put({ ...schedule, nextAt: null })
      assert.deepStrictEqual(edited.schedule, {
        ...schedule,
        nextAt: null,
        createdAt: at(0),
        updatedAt: at(10),
        last: null
      })
    }))

  test("keeps and removes, and finds nothing to keep of what is not there", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      const keep = () => ({ answer: 1, write: "keep" as const, isEdit: false, fire: [firing(0)] })
      assert.deepStrictEqual(yield* storage.modify("nightly", keep), { answer: 1, schedule: null, ticks: [] })
      yield* put(newSchedule())
      const remove = () => ({ answer: 2, write: "remove" as const, isEdit: false, fire: [] })
      assert.deepStrictEqual(yield* storage.modify("nightly", remove), { answer: 2, schedule: null, ticks: [] })
      assert.isNull(yield* get("nightly"))
      assert.strictEqual((yield* tick()).nextDueMillis, null)
    }))

  test("F50: fires instants with an edit, and keeps their history after the schedule is gone", () =>
    Effect.gen(function*() {
      yield* put(newSchedule())
      const { schedule, ticks } = yield* fire("nightly", firing(-2000, { kind: "backfill", overlap: false }))
      assert.deepStrictEqual(outcomes(ticks), ["fired"])
      assert.deepStrictEqual(schedule?.last, { instant: at(-2000), jobId: ticks[0]?.jobId })
      assert.deepStrictEqual(yield* jobStates, ["available"])
      const storage = yield* ScheduleStorage.ScheduleStorage
      yield* storage.modify("nightly", () => ({ answer: 0, write: "remove", isEdit: false, fire: [] }))
      assert.deepStrictEqual((yield* history({ schedule: "nightly" })).items, ticks)
      yield* put(newSchedule())
      assert.deepStrictEqual((yield* fire("nightly", firing(-2000))).ticks, [])
    }))

  test("modifies one at a time", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      const count = Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n),
        () =>
          storage.modify("nightly", (current) => ({
            answer: 0,
            write: newSchedule({ jitterMillis: (current?.jitterMillis ?? 0) + 1 }),
            isEdit: true,
            fire: []
          })),
        { concurrency: 8, discard: true }
      )
      yield* count
      assert.strictEqual((yield* get("nightly"))?.jitterMillis, 40)
    }))
}

const declareTick = (test: Declare): void => {
  test("finds nothing in an empty storage", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* tick(), { schedules: 0, ticks: [], nextDueMillis: null })
    }))

  test("fires a schedule from its instant on, not before, and enqueues its job", () =>
    Effect.gen(function*() {
      yield* put(newSchedule())
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(yield* tick(), { schedules: 0, ticks: [], nextDueMillis: 1 })
      yield* TestClock.adjust(1)
      const ticked = yield* tick()
      assert.strictEqual(ticked.schedules, 1)
      assert.strictEqual(ticked.nextDueMillis, 60_000)
      const [only] = ticked.ticks
      assert(only !== undefined && only.jobId !== null)
      assert.deepInclude(only, { schedule: "nightly", instant: at(1000), at: at(1000), kind: "due", outcome: "fired" })
      const storage = yield* Storage.Storage
      const [stored] = (yield* storage.list({})).items
      assert(stored !== undefined)
      assert.deepInclude(stored, { id: only.jobId, name: job.name, queue: job.queue, payload: job.payload })
      assert.deepStrictEqual((yield* get("nightly"))?.nextAt, at(61_000))
      assert.deepStrictEqual((yield* get("nightly"))?.last, { instant: at(1000), jobId: only.jobId })
      assert.deepStrictEqual(yield* tick(), { schedules: 0, ticks: [], nextDueMillis: 60_000 })
    }))

  test("hands the job its time to start when that is later", () =>
    Effect.gen(function*() {
      yield* put(newSchedule())
      yield* TestClock.adjust(1000)
      yield* tick(1, () => ({ nextAt: null, fire: [firing(1000, { runAt: at(1500) })] }))
      const storage = yield* Storage.Storage
      const [stored] = (yield* storage.list({})).items
      assert(stored !== undefined)
      assert.deepInclude(stored, { state: "scheduled", runAt: at(1500) })
      assert.isNull((yield* get("nightly"))?.nextAt)
    }))

  test("takes the longest due first, at most as many as asked for, and no paused ones", () =>
    Effect.gen(function*() {
      yield* put(newSchedule({ name: "b", nextAt: at(2000) }))
      yield* put(newSchedule({ name: "a", nextAt: at(2000) }))
      yield* put(newSchedule({ name: "c", nextAt: at(1000) }))
      yield* put(newSchedule({ name: "d", nextAt: at(1000), pausedAt: at(0) }))
      yield* TestClock.adjust(2000)
      const names = (ticked: Port.Ticked) => ticked.ticks.map((tick) => tick.schedule)
      const first = yield* tick(2)
      assert.deepStrictEqual(names(first), ["c", "a"])
      assert.strictEqual(first.nextDueMillis, 0)
      assert.deepStrictEqual(names(yield* tick(2)), ["b"])
    }))

  test("fires an instant once, whoever says it again", () =>
    Effect.gen(function*() {
      yield* put(newSchedule())
      yield* TestClock.adjust(1000)
      yield* tick(1, () => ({ nextAt: at(1001), fire: [firing(1000)] }))
      yield* TestClock.adjust(1)
      const again = yield* tick(1, () => ({ nextAt: at(3000), fire: [firing(1000), firing(1001)] }))
      assert.deepStrictEqual(again.ticks.map((tick) => tick.instant), [at(1001)])
      assert.lengthOf(yield* jobStates, 2)
    }))

  test("gives an instant that passed without a job its job later, once", () =>
    Effect.gen(function*() {
      yield* put(newSchedule())
      const missed = yield* fire("nightly", firing(-1000, { outcome: "missed", missed: 7 }))
      assert.deepInclude(missed.ticks[0], { outcome: "missed", missed: 7, jobId: null })
      assert.isNull(missed.schedule?.last)
      assert.deepStrictEqual((yield* fire("nightly", firing(-1000, { outcome: "missed" }))).ticks, [])
      const backfill = firing(-1000, { kind: "backfill", overlap: false })
      assert.deepStrictEqual(outcomes((yield* fire("nightly", backfill)).ticks), ["fired"])
      assert.deepStrictEqual((yield* fire("nightly", backfill)).ticks, [])
      assert.deepStrictEqual(outcomes((yield* history()).items), ["fired"])
      assert.lengthOf(yield* jobStates, 1)
    }))

  test("counts triggers by hand apart from instants", () =>
    Effect.gen(function*() {
      yield* put(newSchedule())
      const trigger = firing(0, { kind: "trigger", overlap: false })
      yield* fire("nightly", trigger)
      yield* fire("nightly", trigger)
      yield* fire("nightly", firing(0))
      assert.deepStrictEqual((yield* history()).items.map((tick) => tick.kind), ["due", "trigger", "trigger"])
      assert.lengthOf(yield* jobStates, 3)
    }))

  test("says when another job holds the unique key, and when the job can not be held", () =>
    Effect.gen(function*() {
      yield* put(newSchedule({ name: "unique", job: { ...job, unique: Fixture.unique("k") } }))
      yield* put(newSchedule({ name: "bad", job: { ...job, priority: 1000 } }))
      yield* put(newSchedule({ name: "good" }))
      const storage = yield* Storage.Storage
      const [holder] = yield* storage.insert([Fixture.newJob({ unique: Fixture.unique("k") })])
      yield* TestClock.adjust(1000)
      const { ticks } = yield* tick()
      assert.deepStrictEqual(
        ticks.map(({ jobId, outcome, schedule }) => [schedule, outcome, jobId !== null]),
        [["bad", "refused", false], ["good", "fired", true], ["unique", "duplicate", true]]
      )
      assert.strictEqual(ticks[2]?.jobId, holder?.id)
    }))

  test("F47: fires each instant once when many tick at the same time", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 5; n++) yield* put(newSchedule({ name: `s${n}` }))
      for (let round = 0; round < 4; round++) {
        yield* TestClock.setTime(start + 1000 + round * 60_000)
        yield* Effect.forEach(Array.from({ length: 10 }), () => tick(2), { concurrency: 10, discard: true })
        while ((yield* tick()).schedules > 0);
      }
      const { items } = yield* history({ limit: 100 })
      assert.lengthOf(items, 20)
      assert.strictEqual(new Set(items.map((tick) => `${tick.schedule} ${DateTime.formatIso(tick.instant)}`)).size, 20)
      assert.lengthOf(yield* jobStates, 20)
    }))
}

const declareOverlap = (test: Declare): void => {
  test("skip leaves instants out while the job before is not finished, and goes on after it", () =>
    Effect.gen(function*() {
      yield* put(newSchedule({ overlap: "skip" }))
      const first = yield* fire("nightly", firing(1000), firing(2000))
      assert.deepStrictEqual(outcomes(first.ticks), ["fired", "overlapped"])
      assert.deepStrictEqual(outcomes((yield* fire("nightly", firing(3000))).ticks), ["overlapped"])
      const storage = yield* Storage.Storage
      const { items } = yield* storage.list({})
      yield* storage.transition(items.map((job) => job.id), { _tag: "Cancel", reason: "test" })
      assert.deepStrictEqual(outcomes((yield* fire("nightly", firing(4000))).ticks), ["fired"])
    }))

  test("cancelPrevious cancels the job before and fires the latest instant", () =>
    Effect.gen(function*() {
      yield* put(newSchedule({ overlap: "cancelPrevious" }))
      assert.deepStrictEqual(outcomes((yield* fire("nightly", firing(1000))).ticks), ["fired"])
      const next = yield* fire("nightly", firing(2000), firing(3000))
      assert.deepStrictEqual(outcomes(next.ticks), ["overlapped", "fired"])
      assert.deepStrictEqual(yield* jobStates, ["scheduled", "cancelled"])
    }))

  test("queue fires whatever the job before does", () =>
    Effect.gen(function*() {
      yield* put(newSchedule({ overlap: "queue" }))
      assert.deepStrictEqual(outcomes((yield* fire("nightly", firing(1000), firing(2000))).ticks), ["fired", "fired"])
      assert.deepStrictEqual(yield* jobStates, ["scheduled", "scheduled"])
    }))
}

const declareReads = (test: Declare): void => {
  test("lists schedules by name, in pages, by owner and pause", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      for (const name of ["b", "é", "a", "B"]) yield* put(newSchedule({ name }))
      yield* put(newSchedule({ name: "c", owner: "app", pausedAt: at(0) }))
      const names = (page: Port.SchedulePage) => page.items.map((schedule) => schedule.name)
      const first = yield* storage.list({ limit: 2 })
      assert.deepStrictEqual(names(first), ["B", "a"])
      assert.strictEqual(first.next, "a")
      const rest = yield* storage.list({ limit: 3, after: "a" })
      assert.deepStrictEqual([names(rest), rest.next], [["b", "c", "é"], null])
      assert.deepStrictEqual(names(yield* storage.list({ owner: "app" })), ["c"])
      assert.lengthOf(names(yield* storage.list({ owner: null })), 4)
      assert.deepStrictEqual(names(yield* storage.list({ paused: true })), ["c"])
      assert.strictEqual((yield* Effect.flip(storage.list({ limit: 0 }))).reason._tag, "Invalid")
    }))

  test("lists ticks newest first, in pages, of one schedule or all", () =>
    Effect.gen(function*() {
      yield* put(newSchedule({ name: "a" }))
      yield* put(newSchedule({ name: "b" }))
      for (const second of [1, 2, 3]) yield* fire("a", firing(second * 1000))
      yield* fire("b", firing(1000))
      const first = yield* history({ schedule: "a", limit: 2 })
      assert.deepStrictEqual(first.items.map((tick) => tick.instant), [at(3000), at(2000)])
      const rest = yield* history({ schedule: "a", limit: 2, before: first.next ?? "" })
      assert.deepStrictEqual(rest.items.map((tick) => tick.instant), [at(1000)])
      assert.isNull(rest.next)
      assert.deepStrictEqual((yield* history({ limit: 2 })).items.map((tick) => tick.schedule), ["b", "a"])
    }))

  test("prunes old ticks, but none whose instant may come again", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      yield* put(newSchedule())
      yield* fire("nightly", firing(-1000), firing(86_400_000))
      yield* TestClock.adjust(10_000)
      yield* fire("nightly", firing(9000))
      assert.strictEqual(yield* storage.prune({ keepMillis: 5000 }), 1)
      assert.deepStrictEqual((yield* history()).items.map((tick) => tick.instant), [at(9000), at(86_400_000)])
    }))

  test("tells the time of its clock", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      yield* TestClock.adjust(5)
      assert.deepStrictEqual(yield* storage.now, at(5))
    }))
}
