import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { Storage } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Effect, Fiber, Stream } from "effect"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as LiveDatabase from "./support/liveDatabase.ts"

const everything = PgMigrations.all.map((migration) => migration.name)

/** The tables of a schema, partitions included. */
const tablesOf = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(
      sql<{ name: string }>`select tablename as name from pg_tables where schemaname = ${schema} order by 1`,
      (rows) => rows.map(({ name }) => name)
    )
  )

const applied = (schema: string) =>
  Effect.map(PgMigrations.status({ schema }), (all) => all.filter(({ appliedAt }) => appliedAt !== null).length)

/** Ends the session of whoever runs the n-th command that changes the schema. */
const killAt = (n: number) =>
  PgClient.PgClient.use((sql) =>
    Effect.forEach(
      [
        "drop event trigger if exists killer",
        "drop sequence if exists killings",
        "create sequence killings",
        `create or replace function kill() returns event_trigger language plpgsql as $$ begin
        if nextval('killings') = ${n} then perform pg_terminate_backend(pg_backend_pid()); end if;
      end $$`,
        "create event trigger killer on ddl_command_start execute function kill()"
      ],
      (text) => sql.unsafe(text),
      { discard: true }
    )
  )

const spare = PgClient.PgClient.use((sql) => sql`drop event trigger killer`)

layer(LiveDatabase.empty, { excludeTestServices: true, timeout: 120_000 })("PgMigrations", (it) => {
  it.effect("says of a database without tables that nothing was applied, and leaves it alone", () =>
    Effect.gen(function*() {
      const status = yield* PgMigrations.status({ schema: "untouched" })
      assert.deepStrictEqual(
        status.map(({ appliedAt, name }) => [name, appliedAt]),
        everything.map((name) => [name, null])
      )
      assert.deepStrictEqual(yield* PgMigrations.rollback({ schema: "untouched", to: 0 }), [])
      assert.deepStrictEqual(yield* tablesOf("untouched"), [])
    }))

  it.effect("goes up, finds nothing to do the second time, goes down and up again", () =>
    Effect.gen(function*() {
      const schema = "updown"
      assert.deepStrictEqual(yield* PgMigrations.migrate({ schema }), everything)
      const tables = yield* tablesOf(schema)
      assert.deepStrictEqual(yield* PgMigrations.migrate({ schema }), [])
      assert.strictEqual(yield* applied(schema), everything.length)
      assert.deepStrictEqual(yield* PgMigrations.rollback({ schema, to: 0 }), everything.toReversed())
      assert.deepStrictEqual(yield* tablesOf(schema), ["migration"])
      assert.strictEqual(yield* applied(schema), 0)
      assert.deepStrictEqual(yield* PgMigrations.migrate({ schema }), everything)
      assert.deepStrictEqual(yield* tablesOf(schema), tables)
    }))

  it.effect("stops at the migration it is asked to stop at", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* PgMigrations.migrate({ schema: "none", to: 0 }), [])
      assert.deepStrictEqual(yield* tablesOf("none"), ["migration"])
    }))

  it.effect("makes a partition for today and each of the seven days after it", () =>
    Effect.gen(function*() {
      yield* PgMigrations.migrate({ schema: "days" })
      const sql = yield* PgClient.PgClient
      for (const table of ["finished", "attempt"]) {
        const days = Array.from({ length: 8 }, (_, day) => day)
        const [row] = yield* sql<{ names: ReadonlyArray<string> }>`
          select array_agg(${table} || to_char(now() at time zone 'utc' + d * interval '1 day', '"_"YYYYMMDD')) as names
          from unnest(${days}) d`
        assert.includeMembers([...(yield* tablesOf("days"))], [...(row?.names ?? [])])
      }
    }))

  it.effect("F66: refuses a database that a newer release migrated", () =>
    Effect.gen(function*() {
      const schema = "newer"
      const sql = yield* PgClient.PgClient
      yield* PgMigrations.migrate({ schema })
      yield* sql`insert into newer.migration (id, name) values (998, 'later'), (999, 'last')`
      for (const attempt of [PgMigrations.migrate({ schema }), PgMigrations.rollback({ schema, to: 0 })]) {
        const error = yield* Effect.flip(attempt)
        assert.strictEqual(error.reason._tag, "OutdatedSchema")
        assert.include(error.reason.detail, "998, 999")
        assert.include(error.reason.detail, "deploy that release")
      }
      assert.include(yield* tablesOf(schema), "ready")
    }))

  // F65
  it.effect(
    "F65: lets one of 20 migrate that start at once, round after round, without a deadlock",
    () =>
      Effect.gen(function*() {
        const clients = yield* Effect.forEach(
          Array.from({ length: 20 }),
          () => LiveDatabase.client({ maxConnections: 1 })
        )
        for (const round of [1, 2]) {
          const schema = `round_${round}`
          const results = yield* Effect.forEach(
            clients,
            (sql) => PgMigrations.migrate({ schema }).pipe(Effect.provideService(PgClient.PgClient, sql)),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(results.filter((names) => names.length > 0), [everything])
          assert.strictEqual(yield* applied(schema), everything.length)
        }
        assert.deepStrictEqual(yield* tablesOf("round_1"), yield* tablesOf("round_2"))
      }),
    60_000
  )

  it.effect(
    "lets many fibers of one client migrate at once, though they are more than its connections",
    () =>
      Effect.gen(function*() {
        const sql = yield* LiveDatabase.client({ maxConnections: 2 })
        const results = yield* Effect.forEach(
          Array.from({ length: 10 }),
          () => PgMigrations.migrate({ schema: "crowd" }).pipe(Effect.provideService(PgClient.PgClient, sql)),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(results.filter((names) => names.length > 0), 1)
      }),
    60_000
  )

  // F65
  it.effect(
    "F65: leaves nothing behind when it is killed at any statement, and completes at the next start",
    () =>
      Effect.gen(function*() {
        const schema = "killed"
        let kills = 0
        for (let n = 1;; n += 11) {
          yield* killAt(n)
          const sql = yield* LiveDatabase.client({ maxConnections: 1 })
          const result = yield* PgMigrations.migrate({ schema }).pipe(
            Effect.provideService(PgClient.PgClient, sql),
            Effect.result
          )
          yield* spare
          if (result._tag === "Success") break
          kills++
          assert.strictEqual(result.failure.reason._tag, "Unavailable")
          assert.deepStrictEqual(yield* tablesOf(schema), [])
        }
        assert.isAtLeast(kills, 6)
        assert.strictEqual(yield* applied(schema), everything.length)
        const bad = yield* PgClient.PgClient.use((sql) =>
          sql`select from pg_index where not indisvalid or not indisready`
        )
        assert.lengthOf(bad, 0)
      }),
    60_000
  )

  it.effect("gives up with a conflict when a table is in use, and changes nothing", () =>
    Effect.gen(function*() {
      const schema = "busy"
      yield* PgMigrations.migrate({ schema })
      const other = yield* LiveDatabase.client()
      const error = yield* other.withTransaction(Effect.gen(function*() {
        yield* other`lock table busy.attempt in access share mode`
        return yield* Effect.flip(PgMigrations.rollback({ schema, to: 0 }))
      }))
      assert.strictEqual(error._tag === "StorageError" ? error.reason._tag : error._tag, "Conflict")
      assert.include(yield* tablesOf(schema), "ready")
    }))

  it.effect("finds nothing to do as a role that may create nothing", () =>
    Effect.gen(function*() {
      const schema = "guarded"
      const admin = yield* PgClient.PgClient
      yield* PgMigrations.migrate({ schema })
      yield* admin`create role millrace_guest`
      yield* Effect.addFinalizer(() =>
        Effect.ignore(
          Effect.andThen(admin`drop owned by millrace_guest`, admin`drop role millrace_guest`)
        )
      )
      yield* admin`grant usage on schema guarded to millrace_guest`
      yield* admin`grant select on guarded.migration to millrace_guest`
      const sql = yield* LiveDatabase.client({ maxConnections: 1, startupParameters: { role: "millrace_guest" } })
      const guest = Effect.provideService(PgClient.PgClient, sql)
      assert.deepStrictEqual(yield* guest(PgMigrations.migrate({ schema })), [])
      const error = yield* Effect.flip(guest(PgMigrations.migrate({ schema: "forbidden" })))
      assert.strictEqual(error.reason._tag, "OutdatedSchema")
    }))

  // F71
  it.effect("keeps two schemas of one database apart, whatever case and dashes their names have", () =>
    Effect.gen(function*() {
      const schemas = ["Shop-1", "shop-1"] as const
      for (const schema of schemas) assert.deepStrictEqual(yield* PgMigrations.migrate({ schema }), everything)
      const [upper, lower] = [
        yield* LiveDatabase.live({ schema: schemas[0] }),
        yield* LiveDatabase.live({ schema: schemas[1] })
      ]
      const heard = yield* lower.storage.events.pipe(
        Stream.filter((event: Storage.StorageEvent) => event._tag !== "Connected"),
        Stream.take(1),
        Stream.runCollect,
        Effect.forkChild
      )
      for (const shop of [upper, lower]) yield* LiveDatabase.register(shop, "w1")
      const [done] = yield* upper.storage.insert([
        Fixture.newJob({ unique: Fixture.unique("k") }),
        Fixture.newJob(),
        Fixture.newJob()
      ])
      assert.deepStrictEqual(yield* lower.storage.claim(claimAll), [])
      const claims = yield* upper.storage.claim(claimAll)
      assert.lengthOf(claims, 3)
      const [first] = claims
      assert(first !== undefined && done !== undefined)
      const { id, leaseId, token } = first
      assert.deepStrictEqual(yield* upper.storage.report("w1", [{ id, leaseId, token, progress: 1 }]), ["Applied"])
      const settlement = Fixture.settlement(first, Fixture.outcomes.completed(), { hasReport: true })
      assert.deepStrictEqual(yield* upper.storage.settle("w1", [settlement]), ["Applied"])
      assert.deepStrictEqual(yield* upper.storage.settle("w1", [settlement]), ["Applied"])
      assert.lengthOf(yield* upper.storage.inspect.history(done.id), 1)
      yield* upper.storage.transition([claims[1]?.id ?? id], { _tag: "Cancel", reason: "enough" })
      yield* upper.storage.promote({ limit: 10 })
      yield* upper.storage.reclaim({ limit: 10 })
      yield* upper.storage.prune({ finishedMillis: 0, deadMillis: 0 })
      yield* LiveDatabase.assertCounts(upper, schemas[0])
      assert.deepStrictEqual((yield* lower.storage.list({})).items, [])
      assert.deepStrictEqual((yield* lower.storage.overview).queues, [])
      yield* lower.storage.insert([Fixture.newJob({ queue: "lower" })])
      assert.deepStrictEqual(yield* Fiber.join(heard), [{ _tag: "Available", queue: "lower" }])
      yield* PgMigrations.rollback({ schema: schemas[1], to: 0 })
      assert.lengthOf((yield* upper.storage.list({})).items, 3)
    }))
})

const claimAll = { workerId: "w1", queue: "default", handles: Fixture.handles("SendMail"), limit: 10, perTenant: 10 }
