import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it, layer } from "@effect/vitest"
import * as TestDatabase from "@millrace/postgres-embedded/TestDatabase"
import { Effect, Layer } from "effect"
import * as PgStatements from "../src/PgStatements.ts"
import * as PgStorage from "../src/PgStorage.ts"

const live = PgStorage.layerMigrated().pipe(Layer.provideMerge(TestDatabase.layer))

describe("PgStatements", () => {
  it("refuses what is no name of a schema", () => {
    assert.throws(() => PgStatements.claim("a b"))
    assert.throws(() => PgStatements.settleCompleted("\"; drop table job"))
  })
})

layer(live)("PgStatements on PostgreSQL", (it) => {
  it.effect("can be prepared as they are, with the parameters that they are said to have", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const parametersOf = Effect.fnUntraced(function*(name: string, text: string) {
        yield* sql.unsafe(`prepare ${name} as ${text}`)
        const rows = yield* sql<{ readonly n: number }>`
          select cardinality(parameter_types) as n from pg_prepared_statements where name = ${name}`
        return rows[0]?.n
      })
      const counts = yield* sql.withTransaction(
        Effect.all([
          parametersOf("lend", PgStatements.claim()),
          parametersOf("finish", PgStatements.settleCompleted())
        ])
      )
      assert.deepStrictEqual(counts, [18, 10])
    }))
})
