import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { StorageClock } from "@millrace/storage"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Session from "../../src/internal/session.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"

const session = (options: Parameters<typeof Session.make>[1] = {}) =>
  PgClient.PgClient.use((sql) => Session.make(sql, options))

/** A function of the server that fails as a lost race does, until it was called often enough. */
const flaky = PgClient.PgClient.use((sql) =>
  sql.unsafe(`create or replace function flaky(fails int) returns bigint language plpgsql as $$
    declare calls bigint := nextval('calls');
    begin
      if calls <= fails then raise exception 'lost' using errcode = '40001'; end if;
      return calls;
    end $$`).pipe(
    Effect.andThen(sql`drop sequence if exists calls`),
    Effect.andThen(sql`create sequence calls`)
  )
)

const calls = PgClient.PgClient.use((sql) =>
  Effect.map(sql<{ n: number }>`select last_value::int as n from calls`, ([row]) => row?.n)
)

layer(LiveDatabase.empty, { excludeTestServices: true, timeout: 60_000 })("session", (it) => {
  it.effect("gives a statement up at its deadline, as unavailable, and cancels it", () =>
    Effect.gen(function*() {
      const { rows } = yield* session({ deadline: "50 millis" })
      const error = yield* Effect.flip(rows("claim", "select pg_sleep(30) as nap", []))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.strictEqual(error.reason.operation, "claim")
      assert.strictEqual(error.reason.detail, "no answer within 50ms")
      const sql = yield* PgClient.PgClient
      const naps = yield* sql`
        select from pg_stat_activity
        where datname = current_database() and state = 'active' and query like 'select pg_sleep%'`
      assert.lengthOf(naps, 0)
      assert.deepStrictEqual(yield* rows("claim", "select 1 as one", []), [{ one: 1 }])
    }))

  it.effect("counts the wait for a free connection", () =>
    Effect.gen(function*() {
      const sql = yield* LiveDatabase.client({ maxConnections: 1 })
      const { rows } = yield* Session.make(sql, { deadline: "50 millis" })
      const error = yield* sql.reserve.pipe(Effect.andThen(Effect.flip(rows("claim", "select 1", []))), Effect.scoped)
      assert.strictEqual(error.reason._tag, "Unavailable")
    }))

  it.effect("sends a statement again that the server undid because of another session", () =>
    Effect.gen(function*() {
      yield* flaky
      const { rows } = yield* session()
      assert.deepStrictEqual(yield* rows("claim", "select flaky(5) as calls", []), [{ calls: 6n }])
    }))

  it.effect("tells its caller of a conflict after six times", () =>
    Effect.gen(function*() {
      yield* flaky
      const { rows } = yield* session()
      const error = yield* Effect.flip(rows("claim", "select flaky(1000)", []))
      assert.strictEqual(error.reason._tag, "Conflict")
      assert.strictEqual(yield* calls, 6)
    }))

  it.effect("repeats nothing inside of a transaction: only its caller can begin it anew", () =>
    Effect.gen(function*() {
      yield* flaky
      const { rows, sql } = yield* session()
      const error = yield* Effect.flip(sql.withTransaction(rows("claim", "select flaky(1000)", [])))
      assert(error._tag === "StorageError")
      assert.strictEqual(error.reason._tag, "Conflict")
      assert.strictEqual(yield* calls, 1)
    }))

  it.effect("repeats nothing that is wrong in itself", () =>
    Effect.gen(function*() {
      yield* flaky
      const { rows } = yield* session()
      const error = yield* Effect.flip(rows("claim", "select 1 / (flaky(0) - 1)", []))
      assert.strictEqual(error.reason._tag, "Invalid")
      assert.strictEqual(yield* calls, 1)
    }))

  it.effect("quotes the schema it was given and refuses one that is no name", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* session({ schema: "Shop-1" })).schema, "\"Shop-1\"")
      const cause = yield* session({ schema: "a\"b" }).pipe(Effect.sandbox, Effect.flip)
      assert.include(String(cause), "a schema name")
    }))
})

describe("session clock", () => {
  it.effect("leaves the time to the server, or takes it from the program when a test says so", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_767_225_600_000)
      const sql = {} as PgClient.PgClient
      assert.isNull(yield* Effect.flatMap(Session.make(sql), ({ now }) => now))
      const { now } = yield* Session.make(sql).pipe(Effect.provideService(StorageClock.StorageClock, "effect"))
      assert.strictEqual((yield* now)?.toISOString(), "2026-01-01T00:00:00.000Z")
    }))
})
