import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import * as TestServer from "../src/internal/testServer.ts"
import * as TestDatabase from "../src/TestDatabase.ts"

const currentDatabase = PgClient.PgClient.use((sql) => sql<{ name: string }>`select current_database() as name`).pipe(
  Effect.map((rows) => rows[0]?.name)
)

const exists = (name: string) =>
  PgClient.PgClient.use((sql) => sql`select 1 from pg_database where datname = ${name}`).pipe(
    Effect.map((rows) => rows.length === 1)
  )

// TestClock is on here: making a database must not wait for time to pass.
layer(TestDatabase.layer)("TestDatabase", (it) => {
  it.effect("gives a client of a database of its own", () =>
    Effect.gen(function*() {
      const { name } = yield* TestDatabase.TestDatabase
      assert.strictEqual(yield* currentDatabase, name)
    }))

  it.effect("gives each layer another, empty database, and drops it at the end", () =>
    Effect.gen(function*() {
      const mine = yield* TestDatabase.TestDatabase
      yield* PgClient.PgClient.use((sql) => sql`create table mine as select 1 as one`)
      const other = yield* Effect.gen(function*() {
        const { name } = yield* TestDatabase.TestDatabase
        const tables = yield* PgClient.PgClient.use((sql) => sql`select 1 from pg_tables where tablename = 'mine'`)
        assert.lengthOf(tables, 0)
        return name
      }).pipe(Effect.provide(TestDatabase.layerWith({ client: { maxConnections: 1 } }), { local: true }))
      assert.notStrictEqual(other, mine.name)
      assert.isTrue(yield* exists(mine.name))
      assert.isFalse(yield* exists(other))
    }))

  it.effect("copies a template", () =>
    Effect.gen(function*() {
      const template = yield* Effect.acquireRelease(
        PgClient.PgClient.use((sql) => sql`create database millrace_template`).pipe(Effect.as("millrace_template")),
        (name) => PgClient.PgClient.use((sql) => sql`drop database ${sql(name)}`).pipe(Effect.orDie)
      )
      const { url } = yield* TestDatabase.TestDatabase
      assert.isDefined(url)
      const copy = yield* Effect.provide(currentDatabase, TestDatabase.layerWith({ template }), { local: true })
      assert.match(copy ?? "", /^millrace_test_[0-9a-f]{16}$/)
    }))
})

describe("TestDatabase without a test run", () => {
  it.effect("boots a server of its own", () =>
    Effect.gen(function*() {
      const layer = TestDatabase.layer.pipe(
        Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: {} })))
      )
      assert.match((yield* Effect.provide(currentDatabase, layer)) ?? "", /^millrace_test_/)
    }))

  it.effect("says which server it can not reach", () =>
    Effect.gen(function*() {
      const env = { [TestServer.databaseUrlVariable]: "postgres://me:secret@127.0.0.1:1/x" }
      const layer = TestDatabase.layer.pipe(
        Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })))
      )
      const error = yield* Effect.flip(Effect.provide(currentDatabase, layer))
      assert.strictEqual(error.reason._tag, "DatabaseFailed")
      assert.include(error.message, "ECONNREFUSED")
      assert.notInclude(error.message, "secret")
    }))
})
