import { assert, describe, it } from "@effect/vitest"
import { Scheduler } from "@millrace/scheduler"
import { MemoryScheduleStorage, MemoryStorage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as SystemSchedules from "../src/SystemSchedules.ts"

describe("the schedules of the upkeep", () => {
  it.effect("say how long history is kept", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const scheduler = yield* Scheduler.Scheduler
      const { job, jitterMillis, overlap } = yield* scheduler.get("millrace-clean-up")
      assert.deepStrictEqual(job.payload, {
        finishedMillis: 86_400_000,
        deadMillis: 172_800_000,
        auditMillis: 31 * 86_400_000
      })
      assert.deepStrictEqual([jitterMillis, overlap, job.queue], [600_000, "skip", "millrace"])
    }).pipe(Effect.provide(
      SystemSchedules.layer({ keepFinished: "1 day", keepDead: "2 days", keepAudit: "31 days" }).pipe(
        Layer.provideMerge(Scheduler.layer()),
        Layer.provideMerge(MemoryScheduleStorage.layer),
        Layer.provideMerge(MemoryStorage.layer)
      )
    )))
})
