/**
 * One migrated database for all tests of a file, emptied before each: a migration per test would take seconds.
 */
import { PgClient } from "@effect/sql-pg"
import { afterAll } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Effect, Layer, ManagedRuntime } from "effect"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as PgStorage from "../src/PgStorage.ts"

/** Deletes all rows: to truncate some 80 tables and partitions takes a hundred times as long. */
const empty = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const tables = yield* sql<{ name: string }>`
    select format('millrace.%I', c.relname) as name from pg_class c
    where c.relnamespace = 'millrace'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'migration'`
  const deletions = tables.map(({ name }, index) => `d${index} as (delete from ${name})`)
  yield* sql.unsafe(`with ${deletions.join(", ")} select 1`)
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
