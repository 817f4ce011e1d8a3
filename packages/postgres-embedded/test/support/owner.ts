// A program that owns a server and waits to be killed: owner.ts ephemeral | owner.ts persistent <directory>
// Prints one line of JSON when the server is up.
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import * as EmbeddedPostgres from "../../src/EmbeddedPostgres.ts"

const [kind, directory = ""] = process.argv.slice(2)

const server = kind === "persistent"
  ? EmbeddedPostgres.persistent({ directory })
  : EmbeddedPostgres.ephemeral()

const program = Effect.gen(function*() {
  const { dataDirectory, pid, port, url } = yield* EmbeddedPostgres.EmbeddedPostgres
  const sql = yield* PgClient.PgClient
  yield* sql`create table if not exists visit (id int generated always as identity, note text)`
  yield* sql`insert into visit (note) values ('committed')`
  const [row] = yield* sql<{ visits: bigint }>`select count(*) as visits from visit`
  console.log(JSON.stringify({
    pid: yield* pid,
    dataDirectory,
    port,
    url: Redacted.value(url),
    visits: Number(row?.visits)
  }))
  return yield* Effect.never
})

Effect.runFork(program.pipe(Effect.provide(EmbeddedPostgres.layerClient.pipe(Layer.provideMerge(server)))))
