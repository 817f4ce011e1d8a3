import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, FileSystem, Layer, Logger, Option, Redacted } from "effect"
import { dirname, join } from "node:path"
import * as EmbeddedPostgres from "../../src/EmbeddedPostgres.ts"
import type * as EmbeddedPostgresError from "../../src/EmbeddedPostgresError.ts"
import * as Leftover from "../../src/internal/leftover.ts"
import * as OsProcess from "../../src/internal/osProcess.ts"
import * as Ports from "../../src/internal/ports.ts"
import * as ProcessTable from "../../src/internal/processTable.ts"
import * as SystemUser from "../../src/internal/systemUser.ts"
import * as UsableBinaries from "../../src/internal/usableBinaries.ts"
import { holdPort } from "../support/holdPort.ts"
import { startOwner } from "../support/startOwner.ts"

// Processes are killed here, machines are not: without fsync the tests do not wait for the disk.
const settings = { fsync: "off" }

const open = (directory: string, port?: number) =>
  EmbeddedPostgres.layerClient.pipe(Layer.provideMerge(EmbeddedPostgres.persistent({ directory, port, settings })))

/** What a visitor sees of the server in `directory`. */
const visit = (directory: string, port?: number) =>
  Effect.gen(function*() {
    const server = yield* EmbeddedPostgres.EmbeddedPostgres
    const sql = yield* PgClient.PgClient
    yield* sql`create table if not exists visit (id int generated always as identity, note text)`
    yield* sql`insert into visit (note) values ('committed')`
    const [row] = yield* sql<{ visits: bigint }>`select count(*) as visits from visit`
    return { ...server, pid: (yield* server.pid) ?? 0, visits: Number(row?.visits) }
  }).pipe(Effect.provide(open(directory, port)))

const reasonOf = <A, E, R>(self: Effect.Effect<A, E | EmbeddedPostgresError.EmbeddedPostgresError, R>) =>
  Effect.map(Effect.flip(self), (error) => (error as EmbeddedPostgresError.EmbeddedPostgresError).reason)

class Visited extends Context.Service<Visited, {
  /** A folder whose server has had one visit, and is stopped. */
  readonly folder: string
  readonly port: number
}>()("test/Visited") {}

const layerVisited = Layer.effect(
  Visited,
  Effect.gen(function*() {
    const folder = join(yield* temporary, "visited")
    const { port } = yield* visit(folder)
    return { folder, port }
  })
).pipe(Layer.provideMerge(NodeFileSystem.layer))

/** A copy of a folder that had one visit: `initdb` is what takes long. */
const visited = Effect.gen(function*() {
  const folder = join(yield* temporary, "copy")
  const original = yield* Visited
  const copied = yield* OsProcess.run({
    command: "cp",
    args: ["-a", original.folder, folder],
    cwd: "/",
    user: undefined
  })
  assert.isTrue(copied.ok, copied.output)
  return folder
})

const temporary = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped({ prefix: "millrace-test-" }))

const processes = OsProcess.run({ command: "ps", args: ["-A", "-o", "args="], cwd: "/", user: undefined }).pipe(
  Effect.map(({ output }) => output)
)

/** A server that nobody owns, on the data of a cluster that is not in use. */
const startUnowned = Effect.fnUntraced(function*(folder: string) {
  const user = yield* SystemUser.find
  const binaries = yield* UsableBinaries.find(user)
  const port = (yield* Ports.free) ?? 0
  const directory = join(folder, "data")
  const server = yield* Effect.acquireRelease(
    OsProcess.spawn({
      command: binaries.postgres,
      args: ["-D", "/proc/self/cwd", "-c", `port=${port}`, "-c", "unix_socket_directories="],
      cwd: directory,
      user,
      log: join(folder, "unowned.log")
    }),
    (server) => ProcessTable.signal(server.pid, "SIGKILL")
  )
  const isServing = Effect.sleep("10 millis").pipe(Effect.andThen(Leftover.serves(server.pid, directory)))
  yield* Effect.repeat(isServing, { while: (serves) => !serves }).pipe(Effect.timeout("10 seconds"))
  return server
})

/** Without the warnings about servers that are stopped on purpose here. */
const quietly = Effect.provide(Logger.layer([]))

layer(layerVisited, { excludeTestServices: true })("persistent", (it) => {
  it.effect("keeps data, password and port from start to start, and its password to itself", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = join(yield* temporary, "made", "on demand")
      const first = yield* visit(folder)
      assert.isFalse(yield* ProcessTable.isRunning(first.pid))
      const second = yield* visit(folder)
      assert.strictEqual(second.visits, 2)
      assert.strictEqual(second.port, first.port)
      assert.strictEqual(Redacted.value(second.url), Redacted.value(first.url))
      assert.strictEqual((yield* fs.stat(join(folder, "cluster.json"))).mode & 0o777, 0o600)
      assert.deepStrictEqual((yield* fs.readDirectory(folder)).toSorted(), ["cluster.json", "data", "postgres.log"])
    }))

  it.effect("uses another port when the one of the last start is taken, and says so when it was asked for", () =>
    Effect.gen(function*() {
      const folder = yield* visited
      const { port } = yield* Visited
      yield* holdPort(port)
      assert.notStrictEqual((yield* visit(folder)).port, port)
      assert.deepInclude(yield* reasonOf(visit(folder, port)), { _tag: "PortInUse", port })
    }))

  it.effect("refuses a second start beside a living first one, in this process", () =>
    Effect.gen(function*() {
      const folder = yield* visited
      yield* Layer.build(open(folder))
      assert.deepInclude(yield* reasonOf(visit(folder)), {
        _tag: "AlreadyRunning",
        directory: folder,
        pid: process.pid
      })
    }))

  it.effect("refuses a second start beside a living process, and goes on with its rows when it was killed", () =>
    Effect.gen(function*() {
      const folder = yield* visited
      const owner = yield* startOwner({ args: ["persistent", folder] })
      assert.deepInclude(yield* reasonOf(visit(folder)), { _tag: "AlreadyRunning", pid: owner.ownerPid })
      assert.isTrue(yield* ProcessTable.isRunning(owner.pid))
      yield* owner.kill
      assert.strictEqual((yield* quietly(visit(folder))).visits, 3)
      assert.isFalse(yield* ProcessTable.isRunning(owner.pid))
    }))

  it.effect("stops a server that nobody owns any more before it starts", () =>
    Effect.gen(function*() {
      const folder = yield* visited
      const unowned = yield* startUnowned(folder)
      assert.strictEqual((yield* quietly(visit(folder))).visits, 2)
      assert.isTrue(unowned.hasEnded())
    }))

  it.effect("starts although the process id of a dead server belongs to somebody else by now", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const data = join(yield* visited, "data")
      const stranger = process.ppid
      yield* fs.writeFileString(join(data, "postmaster.pid"), `${stranger}\n${data}\n1\n5432\n\n\n\nready   \n`)
      assert.strictEqual((yield* visit(dirname(data))).visits, 2)
      assert.isTrue(yield* ProcessTable.isRunning(stranger))
    }))

  it.effect("carries the last lines of the log when the server does not start", () =>
    Effect.gen(function*() {
      const directory = yield* visited
      const settings = { shared_buffers: "a lot" }
      const reason = yield* reasonOf(Layer.build(EmbeddedPostgres.persistent({ directory, settings })))
      assert.strictEqual(reason._tag, "ServerFailed")
      assert.include(reason.message, "invalid value for parameter \"shared_buffers\": \"a lot\"")
    }))

  it.effect("refuses data of another major version and leaves it as it is", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* visited
      const version = join(folder, "data", "PG_VERSION")
      yield* fs.writeFileString(version, "17\n")
      assert.deepInclude(yield* reasonOf(visit(folder)), { _tag: "IncompatibleData", found: "17", expected: "18" })
      yield* fs.writeFileString(version, "18\n")
      assert.strictEqual((yield* visit(folder)).visits, 2)
    }))

  it.effect("starts over when an earlier initdb was cut off, and removes its remains", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* temporary
      yield* fs.makeDirectory(join(folder, "data.init-0123"))
      yield* fs.writeFileString(join(folder, "data.init-0123.password"), "secret")
      assert.strictEqual((yield* visit(folder)).visits, 1)
      assert.deepStrictEqual((yield* fs.readDirectory(folder)).toSorted(), ["cluster.json", "data", "postgres.log"])
    }))

  it.effect.runIf(process.getuid?.() === 0)(
    "runs as whoever owns the data, when this process is root",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* visited
        const data = join(folder, "data")
        yield* OsProcess.run({ command: "chown", args: ["-R", "12345:12345", data], cwd: "/", user: undefined })
        assert.strictEqual((yield* visit(folder)).visits, 2)
        assert.strictEqual(Option.getOrUndefined((yield* fs.stat(join(data, "global", "pg_control"))).uid), 12_345)
      })
  )

  it.effect("ends initdb and leaves nothing of it when the start is interrupted", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* temporary
      // Open to all, so that the folder stands in the command line of initdb.
      yield* fs.chmod(folder, 0o755)
      const start = yield* Effect.forkChild(Effect.scoped(Layer.build(open(folder))))
      const isAtWork = Effect.map(processes, (list) => list.includes(`initdb --pgdata=${folder}`))
      yield* Effect.repeat(isAtWork, { while: (atWork) => !atWork }).pipe(Effect.timeout("10 seconds"))
      yield* Fiber.interrupt(start)
      assert.isFalse(yield* isAtWork)
      assert.deepStrictEqual((yield* fs.readDirectory(folder)).toSorted(), ["cluster.json", "postgres.log"])
    }))

  it.effect("does not make a new password for data that has one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* visited
      yield* fs.remove(join(folder, "cluster.json"))
      const reason = yield* reasonOf(visit(folder))
      assert.strictEqual(reason._tag, "SystemFailed")
      assert.include(reason.message, join(folder, "cluster.json"))
    }))
})
