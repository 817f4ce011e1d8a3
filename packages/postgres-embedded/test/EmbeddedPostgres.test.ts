import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { existsSync } from "node:fs"
import { dirname } from "node:path"
import * as EmbeddedPostgres from "../src/EmbeddedPostgres.ts"
import type * as EmbeddedPostgresError from "../src/EmbeddedPostgresError.ts"
import * as Ports from "../src/internal/ports.ts"
import * as ProcessTable from "../src/internal/processTable.ts"
import { inRealTime } from "../src/internal/realTime.ts"
import { holdPort } from "./support/holdPort.ts"
import { startOwner } from "./support/startOwner.ts"

// The server that is killed below says so in the log.
const durable = EmbeddedPostgres.layerClient.pipe(
  Layer.provideMerge(EmbeddedPostgres.ephemeral({ durable: true, settings: { work_mem: "7MB" } })),
  Layer.provide(Logger.layer([]))
)

const awaitRemoval = (path: string) =>
  Effect.sleep("10 millis").pipe(Effect.repeat({ while: () => existsSync(path) }), Effect.timeout("20 seconds"))

const reasonOf = <A, R>(self: Effect.Effect<A, EmbeddedPostgresError.EmbeddedPostgresError, R>) =>
  Effect.map(Effect.flip(self), (error) => error.reason)

layer(durable, { excludeTestServices: true })("a throw-away server", (it) => {
  it.effect("runs PostgreSQL 18 with the settings asked for, on loopback only", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const [row] = yield* sql`
        select current_setting('server_version_num')::int / 10000 as major, current_setting('work_mem') as work_mem,
               current_setting('fsync') as fsync, current_setting('listen_addresses') as address,
               current_setting('unix_socket_directories') as sockets, current_setting('TimeZone') as zone`
      assert.deepStrictEqual(row, {
        major: 18,
        work_mem: "7MB",
        fsync: "on",
        address: "127.0.0.1",
        sockets: "",
        zone: "UTC"
      })
    }))

  it.effect("is in a process group of its own, so that Ctrl-C leaves it to its owner", () =>
    Effect.gen(function*() {
      const { pid } = yield* EmbeddedPostgres.EmbeddedPostgres
      const group = -((yield* pid) ?? 0)
      assert.isTrue(yield* ProcessTable.signal(group, 0))
    }))

  it.effect("refuses a wrong password", () =>
    Effect.gen(function*() {
      const { port } = yield* EmbeddedPostgres.EmbeddedPostgres
      const intruder = PgClient.layer({ host: "127.0.0.1", port, username: "postgres", database: "postgres" })
      const error = yield* Effect.flip(
        PgClient.PgClient.use((sql) => sql`select 1`).pipe(Effect.provide(intruder))
      )
      assert.strictEqual(error.reason._tag, "AuthenticationError")
    }))

  it.effect("creates a database from a template, with everything in it, and drops it again", () =>
    Effect.gen(function*() {
      const { createDatabase, dropDatabase } = yield* EmbeddedPostgres.EmbeddedPostgres
      const select = (url: Parameters<typeof PgClient.layer>[0]["url"]) =>
        PgClient.PgClient.use((sql) => sql`select word from greeting`).pipe(Effect.provide(PgClient.layer({ url })))
      const template = yield* createDatabase("my \"template\"")
      yield* PgClient.PgClient.use((sql) => sql`create table greeting as select 'hello' as word`).pipe(
        Effect.provide(PgClient.layer({ url: template }))
      )
      assert.deepStrictEqual(yield* select(yield* createDatabase("copy", "my \"template\"")), [{ word: "hello" }])
      yield* dropDatabase("copy")
      const gone = yield* reasonOf(createDatabase("another", "copy"))
      assert.deepInclude(gone, { _tag: "DatabaseFailed", database: "another", sqlState: "3D000" })
    }))

  it.effect("keeps committed rows over a crash and takes the same port again", () =>
    Effect.gen(function*() {
      const { crash, pid, port, start } = yield* EmbeddedPostgres.EmbeddedPostgres
      const sql = yield* PgClient.PgClient
      yield* sql`create table kept as select 42 as answer`
      const before = yield* pid
      yield* crash
      assert.isUndefined(yield* pid)
      assert.isTrue(yield* Ports.isFree(port))
      yield* start
      assert.notStrictEqual(yield* pid, before)
      assert.deepStrictEqual(yield* sql`select answer, inet_server_port() as port from kept`, [{ answer: 42, port }])
    }))

  it.effect("stops and starts again any number of times", () =>
    Effect.gen(function*() {
      const { pid, restart, start, stop } = yield* EmbeddedPostgres.EmbeddedPostgres
      const sql = yield* PgClient.PgClient
      yield* stop("fast")
      yield* stop("immediate")
      assert.isUndefined(yield* pid)
      yield* start
      yield* start
      yield* restart
      yield* stop("immediate")
      yield* start
      assert.deepStrictEqual(yield* sql`select 1 as one`, [{ one: 1 }])
    }))

  it.effect("reports the end of a server that was killed from outside, and starts it again", () =>
    Effect.gen(function*() {
      const { failure, pid, start } = yield* EmbeddedPostgres.EmbeddedPostgres
      const sql = yield* PgClient.PgClient
      yield* ProcessTable.signal((yield* pid) ?? 0, "SIGKILL")
      const reason = yield* reasonOf(failure)
      assert.strictEqual(reason._tag, "ServerFailed")
      assert.include(reason.message, "ended by itself (signal SIGKILL)")
      yield* start
      assert.deepStrictEqual(yield* sql`select 1 as one`, [{ one: 1 }])
    }))
})

describe("ephemeral", () => {
  it.effect("leaves no process and no file behind", () =>
    Effect.gen(function*() {
      const { dataDirectory, pid } = yield* EmbeddedPostgres.EmbeddedPostgres.use((server) =>
        Effect.map(server.pid, (pid) => ({ ...server, pid }))
      ).pipe(Effect.provide(EmbeddedPostgres.ephemeral()))
      assert.isFalse(yield* ProcessTable.isRunning(pid ?? 0))
      assert.isFalse(existsSync(dirname(dataDirectory)))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("names the port that is taken", () =>
    Effect.gen(function*() {
      const port = (yield* Ports.free) ?? 0
      yield* holdPort(port)
      const reason = yield* reasonOf(Effect.scoped(Layer.build(EmbeddedPostgres.ephemeral({ port }))))
      assert.deepInclude(reason, { _tag: "PortInUse", port })
    }))

  it.effect("kills a server that does not obey within the stop limit", () =>
    Effect.gen(function*() {
      const frozen = yield* EmbeddedPostgres.EmbeddedPostgres.use((server) =>
        Effect.tap(server.pid, (pid) => ProcessTable.signal(pid ?? 0, "SIGSTOP"))
      ).pipe(Effect.provide(EmbeddedPostgres.ephemeral({ stopTimeout: "50 millis" })))
      assert.isFalse(yield* ProcessTable.isRunning(frozen ?? 0))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("leaves no process and no file behind when its owner is killed", () =>
    Effect.gen(function*() {
      const owner = yield* startOwner({ args: ["ephemeral"] })
      assert.isTrue(yield* ProcessTable.isRunning(owner.pid))
      yield* owner.kill
      assert.isTrue(yield* ProcessTable.awaitGone(owner.pid, "20 seconds"))
      yield* awaitRemoval(dirname(owner.dataDirectory))
    }).pipe(inRealTime, Effect.provide(NodeFileSystem.layer)))
})
