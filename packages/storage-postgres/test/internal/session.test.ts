import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { StorageClock } from "@millrace/storage"
import { Context, Duration, Effect, Exit, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Session from "../../src/internal/session.ts"
import * as Transaction from "../../src/internal/transaction.ts"
import * as PgError from "../../src/PgError.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"
import * as LossyProxy from "../support/lossyProxy.ts"

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
      const naps = sql`
        select from pg_stat_activity
        where datname = current_database() and state = 'active' and query like 'select pg_sleep%'`
      yield* LiveDatabase.eventually(Effect.map(naps, (rows) => assert.lengthOf(rows, 0)).pipe(Effect.sandbox))
      assert.deepStrictEqual(yield* rows("claim", "select 1 as one", []), [{ one: 1 }])
    }))

  it.effect("F28: gives a statement up at its deadline when its socket is half-open, and the pool recovers", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      const context = yield* Layer.build(PgClient.layer({ url: proxy.url, maxConnections: 1 }))
      const { rows } = yield* Session.make(Context.get(context, PgClient.PgClient), { deadline: "300 millis" })
      yield* rows("claim", "select 1", [])
      yield* proxy.swallow
      const [took, error] = yield* Effect.timed(Effect.flip(rows("claim", "select 1", [])))
      assert.strictEqual(error.reason._tag, "Unavailable")
      // The client itself would wait five seconds for the server's answer to its cancellation.
      assert.isBelow(Duration.toMillis(took), 3_000)
      yield* LiveDatabase.eventually(rows("claim", "select 1", []))
    }))

  it.effect("F28: neither BEGIN nor COMMIT nor ROLLBACK hangs on a half-open socket", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      const context = yield* Layer.build(PgClient.layer({ url: proxy.url, maxConnections: 1 }))
      const made = yield* Session.make(Context.get(context, PgClient.PgClient), { deadline: "300 millis" })
      const transaction = Transaction.make(made)
      const runs = (effect: Effect.Effect<unknown, unknown>) =>
        Effect.timed(Effect.exit(transaction(effect).pipe(PgError.mapErrors("transaction"))))
      for (const inside of [proxy.swallow, Effect.andThen(proxy.swallow, Effect.fail("rolled back"))]) {
        const [took, exit] = yield* runs(Effect.andThen(made.rows("claim", "select 1", []), inside))
        assert(Exit.isFailure(exit))
        assert.isBelow(Duration.toMillis(took), 3_000)
        yield* LiveDatabase.eventually(made.rows("claim", "select 1", []))
      }
      yield* proxy.swallow
      const [took, exit] = yield* runs(Effect.void)
      assert(Exit.isFailure(exit))
      assert.isBelow(Duration.toMillis(took), 3_000)
      yield* LiveDatabase.eventually(transaction(made.rows("claim", "select 1", [])))
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
