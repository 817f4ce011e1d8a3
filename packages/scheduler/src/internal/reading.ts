/**
 * The methods of the scheduler that read.
 */
import type { ScheduleTiming } from "@millrace/storage/ScheduleRecord"
import type { ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { ScheduleNotFound } from "../ScheduleError.ts"
import type { Scheduler } from "../Scheduler.ts"
import * as NextFire from "./nextFire.ts"
import * as Specification from "./specification.ts"

type Service = Scheduler["Service"]

/** The reading methods. */
export const make = (
  storage: ScheduleStorage["Service"]
): Pick<Service, "get" | "list" | "preview" | "next" | "history"> => {
  const get = Effect.fnUntraced(function*(name: string) {
    const schedule = yield* storage.get(name)
    return schedule ?? (yield* new ScheduleNotFound({ name }))
  })
  const instantsOf = Effect.fnUntraced(function*(
    timing: ScheduleTiming,
    { count, from }: { readonly count: number; readonly from?: DateTime.DateTime.Input | undefined }
  ) {
    const wanted = yield* Effect.fromResult(Specification.count("count", count))
    const start = from === undefined
      ? DateTime.toEpochMillis(yield* storage.now)
      : yield* Effect.fromResult(Specification.instant("from", from))
    return instantsAfter(timing, start, wanted)
  })
  return {
    get,
    list: storage.list,
    history: storage.ticks,
    preview: (spec, options) =>
      Effect.flatMap(Effect.fromResult(Specification.timing(spec, null)), (timing) => instantsOf(timing, options)),
    next: (name, options) => Effect.flatMap(get(name), ({ timing }) => instantsOf(timing, options))
  }
}

const instantsAfter = (timing: ScheduleTiming, afterMillis: number, count: number): ReadonlyArray<DateTime.Utc> => {
  const clockwork = NextFire.clockworkOf(timing)
  const found: Array<DateTime.Utc> = []
  if (clockwork === null) return found
  let millis = NextFire.next(clockwork, afterMillis)
  while (millis !== null && found.length < count) {
    found.push(DateTime.makeUnsafe(millis))
    millis = NextFire.next(clockwork, millis)
  }
  return found
}
