/**
 * A scheduler on storages in memory, at a time that the test chooses.
 */
import { Job } from "@millrace/queue"
import { MemoryScheduleStorage, MemoryStorage } from "@millrace/storage"
import { DateTime, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Scheduler from "../src/Scheduler.ts"

/** A kind of job to schedule. */
export const Report = Job.make("Report", { payload: { day: Schema.String } })

/** What the HTTP API would say of it. */
export const report = { name: "Report", payload: { day: "today" } }

/** When tests begin: a Thursday. */
export const start = "2026-01-01T00:00:00Z"

/** Empty storages. */
const storage = MemoryScheduleStorage.layer.pipe(Layer.provideMerge(MemoryStorage.layer))

/** A scheduler, its storages, and the time at which tests begin. */
export const layer = (options: Scheduler.SchedulerOptions = {}) =>
  Scheduler.layer({ pollInterval: "10 minutes", ...options }).pipe(
    Layer.provideMerge(storage),
    Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(Date.parse(start))))
  )

/** An instant as text. */
export const iso = (instant: DateTime.Utc | null): string | null =>
  instant === null ? null : DateTime.formatIso(instant)

/** The history of a schedule, oldest first, as lines. */
export const history = (schedule: string) =>
  Scheduler.Scheduler.use((scheduler) =>
    Effect.map(
      scheduler.history({ schedule, limit: 1000 }),
      ({ items }) => items.map((tick) => `${iso(tick.instant)} ${tick.outcome}`).toReversed()
    )
  )

/** Lets time pass while actors act. */
export const pass = (duration: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.andThen(TestClock.adjust(duration), Effect.repeat(Effect.yieldNow, { times: 20 }))
