#!/usr/bin/env node
/**
 * The program `millrace`: the command line on this machine's terminal, network and PostgreSQL driver.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as PgMigrations from "@millrace/storage-postgres/PgMigrations"
import * as PgSchema from "@millrace/storage-postgres/PgSchema"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { fileURLToPath } from "node:url"
import * as Database from "./Database.ts"
import * as Millrace from "./Millrace.ts"
import * as ProgramsCommand from "./ProgramsCommand.ts"
import * as Progress from "./Progress.ts"

/** How long a notification may take to arrive before a pooler is suspected. */
const hearingPatience = "2 seconds"

const hears = (sql: PgClient.PgClient) =>
  Effect.gen(function*() {
    const channel = `millrace_doctor_${process.pid}`
    const notifications = yield* sql.listen(channel)
    yield* sql.notify(channel, "ping")
    yield* Queue.take(notifications)
    return true
  }).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({ duration: hearingPatience, orElse: () => Effect.succeed(false) }),
    Effect.catchCause(() => Effect.succeed(false))
  )

const ownStorage = (sql: PgClient.PgClient) =>
  Effect.fnUntraced(function*(schema: string) {
    const name = PgSchema.quoteUnsafe(schema)
    yield* Effect.addFinalizer(() => Effect.ignore(sql.unsafe(`drop schema if exists ${name} cascade`)))
    yield* PgMigrations.migrate({ schema })
    return yield* PgStorage.make({ schema })
  }, Effect.provideService(PgClient.PgClient, sql))

const database = Layer.succeed(Database.Database, {
  open: Effect.fnUntraced(function*({ schema, url }) {
    const context = yield* Layer.build(
      PgClient.layer({ url, maxConnections: 10, applicationName: "millrace-cli", connectTimeout: "5 seconds" })
    )
    const sql = yield* Effect.provideContext(PgClient.PgClient, context)
    const status = Effect.provideContext(PgMigrations.status({ schema }), context)
    return {
      schema,
      sql,
      status,
      plan: Effect.map(status, (all) => {
        const missing = new Set(all.filter(({ appliedAt }) => appliedAt === null).map(({ id }) => id))
        return PgMigrations.all.filter(({ id }) => missing.has(id)).map(({ id, name, up }) => ({
          id,
          name,
          statements: up(PgSchema.quoteUnsafe(schema))
        }))
      }),
      up: (to: number | null) =>
        Effect.provideContext(PgMigrations.migrate({ schema, ...(to === null ? {} : { to }) }), context),
      down: (to: number) => Effect.provideContext(PgMigrations.rollback({ schema, to }), context),
      hears: hears(sql),
      storage: ownStorage(sql)
    }
  }, Effect.orDie)
})

const canvas = Layer.succeed(Progress.Canvas, {
  draw: process.stderr.isTTY ? (line: string) => Effect.sync(() => void process.stderr.write(line)) : null
})

/** An empty variable counts as not set, as container tools write what is left out. */
const environment = ConfigProvider.layer(ConfigProvider.fromEnv({
  env: Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => value ? [[name, value]] : []))
}))

const args = process.argv.slice(2)
const program = ProgramsCommand.select(args)
if (program === null) {
  Millrace.run(args).pipe(
    Effect.tap((code) => Effect.sync(() => void (process.exitCode = code))),
    Effect.provide([database, canvas, environment, FetchHttpClient.layer, NodeServices.layer]),
    NodeRuntime.runMain({ disableErrorReporting: true })
  )
} else {
  // From here on this process is that program: its flags, its signals, its exit code.
  const entry = import.meta.resolve(program.module)
  process.argv = [process.argv[0] ?? "node", fileURLToPath(entry), ...program.rest]
  await import(entry)
}
