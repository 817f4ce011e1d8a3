/**
 * Reconciler: keeps the schedules of this program's code as they are declared, and removes those that no program of its
 * owner declares any more.
 *
 * A declaration is written once, at the start. After that it is only confirmed, so that in a rolling deployment the
 * newest program wins and the old ones do not undo it. A schedule without a sign of life is first marked as dropped by
 * whoever notices, and removed when the grace time is over.
 */
import * as Actor from "@millrace/queue/Actor"
import type { Schedule, ScheduleRecord } from "@millrace/storage/ScheduleRecord"
import type { Modification, ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import type { StorageError } from "@millrace/storage/StorageError"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import * as Defaults from "../Defaults.ts"
import * as Declared from "./declared.ts"

/** What a reconciler works on. `unwritten` are the names that the storage has not heard of yet. */
export interface Declarations {
  readonly owner: string
  readonly dropMillis: number
  readonly schedules: Map<string, Schedule>
  readonly unwritten: Set<string>
  readonly wake: Latch.Latch
}

/** The reconciler of a scheduler. */
export const make = (
  storage: ScheduleStorage["Service"],
  declarations: Declarations,
  afterWrite: Effect.Effect<void>
): Actor.Actor<StorageError> => ({
  name: "reconciler",
  wake: declarations.wake,
  step: Effect.gen(function*() {
    // Who declares nothing has no say in what its owner declares.
    if (declarations.schedules.size === 0) return Actor.untilWoken
    yield* writeNew(storage, declarations, afterWrite)
    yield* reconcile(storage, declarations)
    return declarations.unwritten.size > 0 ? Actor.again : Actor.about(Defaults.declareMillis)
  })
})

const writeNew = Effect.fnUntraced(function*(
  storage: ScheduleStorage["Service"],
  { owner, schedules, unwritten }: Declarations,
  afterWrite: Effect.Effect<void>
) {
  for (const name of Array.from(unwritten)) {
    const schedule = schedules.get(name)
    if (schedule === undefined) continue
    const { answer } = yield* storage.modify(name, (current, now) => edit(Declared.declare(schedule, current, now)))
    unwritten.delete(name)
    if (answer !== null) yield* Effect.logWarning(`schedule ${name} now belongs to ${owner}, no longer to ${answer}`)
  }
  yield* afterWrite
})

const edit = ({ isEdit, write, takenFrom }: Declared.Change): Modification<string | null> => ({
  answer: takenFrom,
  write,
  isEdit,
  fire: []
})

/** Confirms what is declared, and looks after what is not. */
const reconcile = Effect.fnUntraced(function*(storage: ScheduleStorage["Service"], declarations: Declarations) {
  const { dropMillis, owner, schedules, unwritten } = declarations
  const now = yield* storage.now
  const stored = new Map((yield* listAll(storage, owner)).map((schedule) => [schedule.name, schedule]))
  for (const name of schedules.keys()) {
    const current = stored.get(name)
    // Somebody removed it. What another owner took over stays his: two programs must not fight.
    if (current === undefined) yield* Effect.map(storage.get(name), (found) => found === null && unwritten.add(name))
    else if (Declared.needsSign(current, now)) yield* modify(storage, name, owner, Declared.confirm)
  }
  for (const current of stored.values()) {
    if (schedules.has(current.name) || !Declared.isSilent(current, now)) continue
    yield* modify(storage, current.name, owner, (schedule, now) => Declared.drop(schedule, now, dropMillis))
  }
})

/** Changes a schedule if it still belongs to the owner when its turn comes. */
const modify = (
  storage: ScheduleStorage["Service"],
  name: string,
  owner: string,
  change: (current: ScheduleRecord, now: DateTime.Utc) => Schedule | "keep" | "remove"
) =>
  storage.modify(name, (current, now): Modification<null> => ({
    answer: null,
    write: current === null || current.owner !== owner ? "keep" : change(current, now),
    isEdit: false,
    fire: []
  }))

const pageSize = 1000

const listAll = Effect.fnUntraced(function*(storage: ScheduleStorage["Service"], owner: string) {
  const all: Array<ScheduleRecord> = []
  let after = ""
  for (;;) {
    const { items, next } = yield* storage.list({ owner, after, limit: pageSize })
    all.push(...items)
    if (next === null) return all
    after = next
  }
})
