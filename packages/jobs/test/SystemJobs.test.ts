import { assert, describe, it } from "@effect/vitest"
import { Handlers, Queue, Worker } from "@millrace/queue"
import { Scheduler } from "@millrace/scheduler"
import { MemoryScheduleStorage, MemoryServiceStorage, MemoryStorage, Storage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as SystemJobs from "../src/SystemJobs.ts"
import * as SystemSchedules from "../src/SystemSchedules.ts"

const start = Date.parse("2026-01-01T00:00:00Z")

/** A worker that has nothing to do but the upkeep, which its schedules ask for. */
const program = (retention?: SystemSchedules.Retention) =>
  Layer.mergeAll(SystemJobs.layer, SystemSchedules.layer(retention)).pipe(
    Layer.provideMerge([
      Queue.layer,
      Scheduler.layer({ pollInterval: "5 minutes" }),
      Worker.layer({ queues: [SystemJobs.queue], prunes: false, pollInterval: "1 minute" })
    ]),
    Layer.provideMerge(MemoryScheduleStorage.layer),
    Layer.provideMerge(MemoryStorage.layer),
    Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(start)))
  )

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const pass = (duration: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.andThen(TestClock.adjust(duration), Effect.repeat(turn, { times: 20 }))

const finished = (name: string) =>
  Storage.Storage.use((storage) =>
    Effect.map(storage.list({ names: [name], states: ["completed"] }), ({ items }) => items)
  )

describe("the upkeep", () => {
  it.effect("is seen as ordinary schedules, and its jobs as ordinary jobs", () =>
    Effect.gen(function*() {
      yield* pass("1 second")
      const scheduler = yield* Scheduler.Scheduler
      const { items } = yield* scheduler.list({})
      assert.deepStrictEqual(items.map((schedule) => schedule.name), ["millrace-clean-up", "millrace-prepare-days"])
      assert.deepStrictEqual(items[0]?.job.payload, {
        finishedMillis: 30 * 86_400_000,
        deadMillis: 90 * 86_400_000,
        auditMillis: 90 * 86_400_000
      })
      const handlers = yield* Handlers.Handlers
      assert.deepStrictEqual((yield* handlers.names).toSorted(), ["millrace-clean-up", "millrace-prepare-days"])
      yield* scheduler.trigger("millrace-prepare-days")
      yield* pass("1 minute")
      assert.lengthOf(yield* finished("millrace-prepare-days"), 1)
    }).pipe(Effect.provide(program())))

  it.effect("drops jobs and ticks that were kept for as long as the settings say", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.Scheduler
      // The first clean-up ends before 00:20, the preparation before 00:50, the second clean-up before 01:20.
      yield* pass("25 minutes")
      const [first] = yield* finished("millrace-clean-up")
      assert.deepStrictEqual(first?.result, { dead: 0, finished: 0, ticks: 0 })
      yield* Effect.repeat(pass("20 minutes"), { times: 2 })
      const results = (yield* finished("millrace-clean-up")).map((job) => job.result)
      assert.deepStrictEqual(results, [{ dead: 0, finished: 2, ticks: 2 }])
      assert.lengthOf((yield* scheduler.history({ schedule: "millrace-clean-up" })).items, 1)
    }).pipe(Effect.provide(program({ keepFinished: "15 minutes", keepDead: "1 day" }))))

  it.effect("drops lines of the audit that were kept long enough, in parts, where there is an audit", () =>
    Effect.gen(function*() {
      const service = yield* MemoryServiceStorage.make
      const line = { actor: "k", action: "jobs.create", targets: [], address: null, detail: {} }
      yield* service.audit.append(Array.from({ length: 10_001 }, () => line))
      yield* Effect.gen(function*() {
        yield* pass("25 minutes")
        assert.deepInclude((yield* finished("millrace-clean-up"))[0]?.result, { audit: 10_001 })
        assert.deepStrictEqual(yield* service.audit.list({ limit: 1 }), [])
      }).pipe(Effect.provide(
        program({ keepAudit: 0 }).pipe(
          Layer.provide(Layer.succeed(SystemJobs.AuditPrune, service.audit.prune))
        )
      ))
    }))
})
