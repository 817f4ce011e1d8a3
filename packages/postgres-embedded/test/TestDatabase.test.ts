import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as TestDatabase from "../src/TestDatabase.ts"

layer(TestDatabase.layer)("TestDatabase", (it) => {
  it.effect("gives a client of a database of its own", () =>
    Effect.gen(function*() {
      const { name } = yield* TestDatabase.TestDatabase
      const sql = yield* PgClient.PgClient
      const rows = yield* sql`select current_database() as name, current_setting('server_version_num')::int as version`
      assert.strictEqual(rows[0]?.["name"], name)
      assert.isAtLeast(Number(rows[0]?.["version"]), 140_000)
    }))
})
