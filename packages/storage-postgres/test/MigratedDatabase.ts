/**
 * One migrated database for all tests of a file, emptied before each: a migration per test would take seconds.
 */
import { PgClient } from "@effect/sql-pg"
import { TestDatabase } from "@millrace/postgres-embedded"
import { afterAll } from "@effect/vitest"
import { Effect, Layer, ManagedRuntime } from "effect"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as PgStorage from "../src/PgStorage.ts"

const empty = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const tables = yield* sql<{ name: string }>`
    select format('millrace.%I', c.relname) as name from pg_class c
    where c.relnamespace = 'millrace'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'migration'`
  yield* sql.unsafe(`truncate ${tables.map((table) => table.name).join(", ")}`)
})

/** Makes a layer of an empty storage and its client, on a database of this file's own. */
export const make = () => {
  const runtime = ManagedRuntime.make(
    Layer.effectDiscard(PgMigrations.migrate()).pipe(Layer.provideMerge(TestDatabase.layer))
  )
  afterAll(() => runtime.dispose())
  const database = Layer.effectContext(Effect.promise(() => runtime.context()))
  return PgStorage.layer.pipe(
    Layer.provideMerge(Layer.effectDiscard(empty)),
    Layer.provideMerge(database)
  )
}
