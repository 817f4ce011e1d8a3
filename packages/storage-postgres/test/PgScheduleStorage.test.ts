import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { ScheduleStorage } from "@millrace/storage"
import { ScheduleSuite } from "@millrace/storage-test"
import { DateTime, Deferred, Effect, Fiber, Layer } from "effect"
import * as PgScheduleStorage from "../src/PgScheduleStorage.ts"
import * as PgStorage from "../src/PgStorage.ts"
import * as statements from "../src/statements/schedule.ts"
import * as MigratedDatabase from "./MigratedDatabase.ts"
import * as Live from "./support/liveDatabase.ts"

ScheduleSuite.suite("postgres", PgScheduleStorage.layer.pipe(Layer.provideMerge(MigratedDatabase.make())))

const live = PgScheduleStorage.layer.pipe(Layer.provideMerge(PgStorage.layer), Layer.provideMerge(Live.layer))

layer(live, { excludeTestServices: true, timeout: 120_000 })("schedules on PostgreSQL", (it) => {
  it.effect("are taken from a node that freezes while it ticks", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      const due = ScheduleSuite.newSchedule({ nextAt: DateTime.makeUnsafe(0) })
      yield* storage.modify("nightly", () => ({ answer: null, write: due, isEdit: true, fire: [] }))
      const frozen = yield* Live.client()
      const locked = yield* Deferred.make<void>()
      const freeze = Effect.gen(function*() {
        const rows = yield* frozen.unsafe(statements.lockDue("\"millrace\""), [null, 10, "2000"])
        assert.lengthOf(rows, 1)
        yield* Deferred.succeed(locked, undefined)
        return yield* Effect.never
      })
      const fiber = yield* Effect.forkScoped(Effect.exit(frozen.withTransaction(freeze)))
      yield* Deferred.await(locked)
      const tick = storage.tick({ limit: 10, decide: () => ({ nextAt: null, fire: [] }) })
      assert.strictEqual((yield* tick).schedules, 0)
      yield* Live.eventually(
        Effect.flatMap(tick, ({ schedules }) => schedules === 1 ? Effect.void : Effect.fail("locked"))
      )
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.scoped))

  it.effect("and their jobs are not there when the transaction of the caller is rolled back", () =>
    Effect.gen(function*() {
      const storage = yield* ScheduleStorage.ScheduleStorage
      const sql = yield* Live.client()
      const inside = yield* PgScheduleStorage.make().pipe(
        Effect.provide(PgStorage.layer),
        Effect.provideService(PgClient.PgClient, sql)
      )
      const made = inside.modify("undone", () => ({
        answer: null,
        write: ScheduleSuite.newSchedule({ name: "undone" }),
        isEdit: true,
        fire: []
      }))
      yield* Effect.flip(sql.withTransaction(Effect.andThen(made, Effect.fail("rollback"))))
      assert.isNull(yield* storage.get("undone"))
    }))
})
