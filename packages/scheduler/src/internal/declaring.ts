/**
 * Declarations on their way to the storage: checked at once, written by the reconciler.
 */
import type { Schedule } from "@millrace/storage/ScheduleRecord"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import * as Defaults from "../Defaults.ts"
import type { InvalidSchedule } from "../ScheduleError.ts"
import type { Declaration, SchedulerOptions } from "../Scheduler.ts"
import type { Declarations } from "./reconciler.ts"
import * as Specification from "./specification.ts"

/** No declarations yet. */
export const make = ({ dropAfter, owner }: SchedulerOptions): Declarations => ({
  owner: owner ?? Defaults.owner,
  dropMillis: dropAfter === undefined ? Defaults.dropMillis : Duration.toMillis(dropAfter),
  schedules: new Map(),
  unwritten: new Set(),
  wake: Latch.makeUnsafe(false)
})

/** Adds a declaration, or replaces the one of its name. An instant of the past is taken: it has had its time. */
export const add = (declarations: Declarations, declaration: Declaration): Effect.Effect<void, InvalidSchedule> =>
  Effect.map(Effect.fromResult(scheduleOf(declarations.owner, declaration)), (schedule) => {
    declarations.schedules.set(schedule.name, schedule)
    declarations.unwritten.add(schedule.name)
    declarations.wake.openUnsafe()
  })

const scheduleOf = (owner: string, declaration: Declaration): Result.Result<Schedule, InvalidSchedule> =>
  Result.gen(function*() {
    return {
      name: yield* Specification.name(declaration.name),
      owner,
      timing: yield* Specification.timing(declaration, null),
      job: declaration.job,
      ...(yield* Specification.policy(declaration)),
      nextAt: null,
      pausedAt: null,
      declaredAt: null,
      droppedAt: null
    }
  })
