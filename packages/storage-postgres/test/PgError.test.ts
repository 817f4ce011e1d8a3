import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { StorageError } from "@millrace/storage"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { SqlError } from "effect/sql"
import * as PgError from "../src/PgError.ts"
import * as LiveDatabase from "./support/liveDatabase.ts"

type Sql = PgClient.PgClient

/** The storage's error of an effect that fails. */
const reasonOf = <A, E, R>(effect: Effect.Effect<A, E | SqlError.SqlError, R>) =>
  effect.pipe(
    PgError.mapErrors("probe"),
    Effect.flip,
    Effect.map((error) => {
      assert.instanceOf(error, StorageError.StorageError)
      return error.reason
    })
  )

const failing = (text: string) => PgClient.PgClient.use((sql) => reasonOf(sql.unsafe(text)))

const pid = (sql: Sql) => Effect.map(sql<{ pid: number }>`select pg_backend_pid() as pid`, ([row]) => row?.pid ?? 0)

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("PgError", (it) => {
  const statements = [
    ["22P05", "Invalid", "select '{\"a\": \"\\u0000\"}'::jsonb ->> 'a'"],
    ["22003", "Invalid", "select '9223372036854775808'::bigint"],
    ["23505", "Invalid", "insert into millrace.unique_key values ('k', 1), ('k', 2)"],
    ["23502", "Invalid", "insert into millrace.unique_key values (null, 1)"],
    ["42P01", "OutdatedSchema", "select from nowhere.nothing"],
    ["42703", "OutdatedSchema", "select nothing from millrace.ready"],
    ["3F000", "OutdatedSchema", "create table nowhere.t ()"],
    ["25006", "Unavailable", "select set_config('transaction_read_only', 'on', true), nextval('millrace.job_seq')"]
  ] as const
  for (const [state, tag, text] of statements) {
    it.effect(`takes ${state} for ${tag} and tells it`, () =>
      Effect.gen(function*() {
        const reason = yield* failing(text)
        assert.strictEqual(reason._tag, tag)
        assert.strictEqual(reason.operation, "probe")
        assert.include(reason.detail, `(${state})`)
      }))
  }

  it.effect("takes a lost serialisation race (40001) for a conflict that is worth another try", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table race (n int)`
      yield* sql`insert into race values (1)`
      const read = yield* Deferred.make<void>()
      const wrote = yield* Deferred.make<void>()
      const loser = sql.withTransaction(Effect.gen(function*() {
        yield* sql`set transaction isolation level repeatable read`
        yield* sql`select n from race`
        yield* Deferred.succeed(read, undefined)
        yield* Deferred.await(wrote)
        yield* sql`update race set n = n + 1`
      }))
      const winner = Effect.gen(function*() {
        yield* Deferred.await(read)
        yield* sql`update race set n = n + 1`
        yield* Deferred.succeed(wrote, undefined)
      })
      const [error] = yield* Effect.all([Effect.flip(loser), winner], { concurrency: 2 })
      assert(SqlError.isSqlError(error))
      assert.strictEqual(PgError.sqlState(error), "40001")
      assert.isTrue(PgError.isUndone(error))
      assert.strictEqual(PgError.fromSqlError("probe")(error).reason._tag, "Conflict")
    }))

  it.effect("takes a deadlock (40P01) for a conflict that is worth another try", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table knot (n int primary key)`
      yield* sql`insert into knot values (1), (2)`
      const locked = [yield* Deferred.make<void>(), yield* Deferred.make<void>()] as const
      const side = (own: 0 | 1) =>
        sql.withTransaction(Effect.gen(function*() {
          yield* sql`select from knot where n = ${own + 1} for update`
          yield* Deferred.succeed(locked[own], undefined)
          yield* Deferred.await(locked[own === 0 ? 1 : 0])
          yield* sql`select from knot where n = ${2 - own} for update`
        })).pipe(Effect.flip, Effect.option)
      const errors = (yield* Effect.all([side(0), side(1)], { concurrency: 2 })).flatMap((error) =>
        error._tag === "Some" ? [error.value] : []
      )
      assert.lengthOf(errors, 1)
      assert(SqlError.isSqlError(errors[0]))
      assert.strictEqual(PgError.sqlState(errors[0]), "40P01")
      assert.isTrue(PgError.isUndone(errors[0]))
      assert.strictEqual(PgError.fromSqlError("probe")(errors[0]).reason._tag, "Conflict")
    }))

  it.effect("takes a lock that came too late (55P03) for a conflict, but not for one to repeat at once", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const other = yield* LiveDatabase.client()
      yield* sql`create table held (n int)`
      const error = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`lock table held`
        return yield* other.withTransaction(Effect.gen(function*() {
          yield* other`set local lock_timeout = '10ms'`
          yield* other`select n from held`
        })).pipe(Effect.flip)
      }))
      assert(SqlError.isSqlError(error))
      assert.strictEqual(PgError.sqlState(error), "55P03")
      assert.isFalse(PgError.isUndone(error))
      assert.strictEqual(PgError.fromSqlError("probe")(error).reason._tag, "Conflict")
    }))

  it.effect("takes the server's own patience (57014) for unavailable", () =>
    PgClient.PgClient.use((sql) =>
      sql.withTransaction(Effect.gen(function*() {
        yield* sql`set local statement_timeout = '10ms'`
        yield* sql`select pg_sleep(10)`
      })).pipe(
        reasonOf,
        Effect.map((reason) => {
          assert.strictEqual(reason._tag, "Unavailable")
          assert.include(reason.detail, "(57014)")
        })
      )
    ))

  it.effect("takes a statement in a transaction that failed before (25P02) for a conflict", () =>
    PgClient.PgClient.use((sql) =>
      sql.withTransaction(Effect.gen(function*() {
        yield* Effect.ignore(sql`select 1 / 0`)
        const reason = yield* reasonOf(sql`select 1`)
        assert.strictEqual(reason._tag, "Conflict")
        assert.include(reason.detail, "(25P02)")
        return yield* Effect.fail("roll back")
      })).pipe(Effect.flip, Effect.map((error) => assert.strictEqual(error, "roll back")))
    ))

  it.effect("takes a plan that outlived its table for a conflict, which a new transaction does not meet", () =>
    Effect.gen(function*() {
      const sql = yield* LiveDatabase.client({ maxConnections: 1 })
      const other = yield* PgClient.PgClient
      yield* sql`create table grown (n int)`
      const read = sql`select * from grown`
      yield* read
      yield* other`alter table grown add column m int`
      const reason = yield* reasonOf(sql.withTransaction(read))
      assert.strictEqual(reason._tag, "Conflict")
      assert.include(reason.detail, "(0A000)")
      yield* sql.withTransaction(read)
    }))

  it.effect("takes what the server does not do at all (0A000) for a schema that does not fit", () =>
    Effect.gen(function*() {
      const reason = yield* failing("select count(*) from millrace.ready for update")
      assert.strictEqual(reason._tag, "OutdatedSchema")
    }))

  it.effect("takes a connection that an operator ends (57P01) for unavailable", () =>
    Effect.gen(function*() {
      const sql = yield* LiveDatabase.client({ maxConnections: 1 })
      const other = yield* PgClient.PgClient
      const victim = yield* pid(sql)
      const fiber = yield* reasonOf(sql`select pg_sleep(30)`).pipe(Effect.forkChild)
      yield* LiveDatabase.eventually(
        Effect.filterOrFail(
          other`select from pg_stat_activity where pid = ${victim} and state = 'active' and query like '%pg_sleep%'`,
          (rows) => rows.length === 1
        )
      )
      yield* other`select pg_terminate_backend(${victim})`
      const reason = yield* Fiber.join(fiber)
      assert.strictEqual(reason._tag, "Unavailable")
      // The pool opens a new connection.
      assert.notStrictEqual(yield* pid(sql), victim)
    }))

  it.effect("keeps a connection that ends inside of a transaction a typed error, though its rollback fails", () =>
    Effect.gen(function*() {
      const sql = yield* LiveDatabase.client({ maxConnections: 1 })
      const other = yield* PgClient.PgClient
      const exit = yield* sql.withTransaction(Effect.gen(function*() {
        const victim = yield* pid(sql)
        yield* other`select pg_terminate_backend(${victim})`
        yield* sql`select pg_sleep(1)`
      })).pipe(PgError.mapErrors("probe"), Effect.exit)
      assert(Exit.isFailure(exit))
      const error = yield* Effect.flip(exit)
      assert.instanceOf(error, StorageError.StorageError)
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.isTrue(error.isTransient)
      yield* sql`select 1`
    }))

  it.effect("keeps it one when the storage's own error or the caller's made the transaction roll back", () =>
    Effect.gen(function*() {
      const sql = yield* LiveDatabase.client({ maxConnections: 1 })
      const other = yield* PgClient.PgClient
      const stored = new StorageError.StorageError({
        reason: new StorageError.Conflict({ operation: "insert", detail: "contended" })
      })
      for (const own of [stored, "mine"]) {
        const reason = yield* reasonOf(sql.withTransaction(Effect.gen(function*() {
          const victim = yield* pid(sql)
          yield* other`select pg_terminate_backend(${victim})`
          return yield* Effect.fail(own)
        })))
        assert.strictEqual(reason._tag, "Unavailable")
      }
    }))

  it.effect("does not turn an interruption into an error", () =>
    Effect.gen(function*() {
      const sql = yield* LiveDatabase.client({ maxConnections: 1 })
      const other = yield* PgClient.PgClient
      const open = yield* Deferred.make<number>()
      const fiber = yield* sql.withTransaction(
        Effect.andThen(Effect.flatMap(pid(sql), (victim) => Deferred.succeed(open, victim)), Effect.never)
      ).pipe(PgError.mapErrors("probe"), Effect.forkChild)
      yield* other`select pg_terminate_backend(${yield* Deferred.await(open)})`
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasInterrupts(exit))
    }))

  it.effect("lets other errors and defects through", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Effect.fail("mine").pipe(PgError.mapErrors("probe"), Effect.flip), "mine")
      const exit = yield* Effect.die("a bug").pipe(PgError.mapErrors("probe"), Effect.exit)
      assert.isTrue(Exit.hasDies(exit))
    }))
})
