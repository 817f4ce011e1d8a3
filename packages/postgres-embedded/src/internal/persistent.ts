/**
 * Boots a cluster whose data stays.
 *
 * The folder holds `data` (the cluster), `cluster.json` (password and port, mode
 * 0600), `postgres.log`, and while in use `owner.lock`.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { join, resolve } from "node:path"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Cluster from "./cluster.ts"
import * as DataPath from "./dataPath.ts"
import * as DirectoryLock from "./directoryLock.ts"
import * as FileFailure from "./fileFailure.ts"
import * as Leftover from "./leftover.ts"
import * as OsProcess from "./osProcess.ts"
import type { Binaries } from "./platform.ts"
import { inRealTime } from "./realTime.ts"
import * as Server from "./server.ts"
import * as SystemUser from "./systemUser.ts"
import * as UsableBinaries from "./usableBinaries.ts"

interface PersistentOptions extends Server.CommonOptions {
  readonly directory: string
}

/** What is kept beside the data; the port is that of the last start. */
const ClusterFile = Schema.Struct({ password: Schema.String, port: Schema.optionalKey(Schema.Int) })
const ClusterFileJson = Schema.fromJsonString(ClusterFile)

type ClusterFile = typeof ClusterFile.Type

/** The log of earlier starts is kept up to this size, and once more as `postgres.log.1`. */
const logLimitBytes = 10 * 1024 * 1024

const failed = (operation: string, path: string, detail: string) =>
  EmbeddedPostgresError.because(new EmbeddedPostgresError.SystemFailed({ operation, path, detail }))

const writeClusterFile = Effect.fnUntraced(function*(path: string, content: ClusterFile) {
  const fs = yield* FileSystem.FileSystem
  const draft = `${path}.draft`
  yield* fs.writeFileString(draft, yield* Schema.encodeEffect(ClusterFileJson)(content).pipe(Effect.orDie), {
    mode: 0o600
  })
  yield* fs.rename(draft, path)
})

const readClusterFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(path).pipe(
    Effect.flatMap(Schema.decodeEffect(ClusterFileJson)),
    Effect.catchTag("SchemaError", (error) => failed("read", path, error.message)),
    Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined)
  )
})

/** Password and port: those kept, or a new password when the cluster is not made yet. */
const openClusterFile = Effect.fnUntraced(function*(path: string, isMade: boolean) {
  const kept = yield* readClusterFile(path)
  if (kept !== undefined) return kept
  if (isMade) {
    return yield* failed("read", path, "it is gone, and the password of the data beside it with it: restore the file")
  }
  const made: ClusterFile = { password: yield* Cluster.randomSecret }
  // Before the data: a cluster without its password would be lost.
  yield* writeClusterFile(path, made)
  return made
})

/** Who owns the data directory; undefined when there is none. */
const ownerOf = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(directory).pipe(
    Effect.map((info) => ({
      uid: Option.getOrElse(info.uid, () => 0),
      gid: Option.getOrElse(info.gid, () => 0)
    })),
    Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined)
  )
})

/** PostgreSQL insists on owning its data: root runs it as the owner, anyone else has to be the owner. */
const userFor = Effect.fnUntraced(function*(directory: string) {
  const owner = yield* ownerOf(directory)
  const self = process.getuid?.()
  if (owner === undefined || self === undefined || owner.uid === self) return yield* SystemUser.find
  if (self === 0) return { name: `with id ${owner.uid}`, ...owner }
  return yield* failed(
    "use",
    directory,
    `it belongs to the user with id ${owner.uid}, this process is ${self}: run as the same user as before, or as root`
  )
})

/** Refuses data of another major version, and folders that hold no cluster. */
const checkVersion = Effect.fnUntraced(function*(directory: string, binaries: Binaries) {
  const fs = yield* FileSystem.FileSystem
  const version = yield* OsProcess.run({ command: binaries.postgres, args: ["--version"], cwd: "/", user: undefined })
  const expected = UsableBinaries.majorVersion(version.output)
  const found = yield* fs.readFileString(join(directory, "PG_VERSION")).pipe(
    Effect.map((text) => text.trim()),
    Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed("unknown version"))
  )
  if (found === expected) return
  return yield* EmbeddedPostgresError.because(
    new EmbeddedPostgresError.IncompatibleData({ directory, found, expected })
  )
})

const rotateLog = Effect.fnUntraced(function*(log: string) {
  const fs = yield* FileSystem.FileSystem
  const size = yield* fs.stat(log).pipe(Effect.map((info) => Number(info.size)), Effect.orElseSucceed(() => 0))
  if (size > logLimitBytes) yield* fs.rename(log, `${log}.1`)
})

const portsOf = (options: PersistentOptions, kept: ClusterFile): ReadonlyArray<number | undefined> =>
  options.port === undefined ? [kept.port, undefined, undefined, undefined] : [options.port]

const openFolder = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(resolve(path), { recursive: true })
  const folder = yield* fs.realPath(resolve(path))
  yield* DirectoryLock.acquire(folder, join(folder, "owner.lock"))
  return folder
})

/** Brings the data directory into the state in which a server can start on it. */
const prepare = Effect.fnUntraced(function*(folder: string) {
  const directory = join(folder, "data")
  const log = join(folder, "postgres.log")
  const user = yield* userFor(directory)
  const isMade = (yield* ownerOf(directory)) !== undefined
  const binaries = yield* UsableBinaries.find(user)
  yield* Cluster.removeRemains(directory)
  yield* rotateLog(log)
  const kept = yield* openClusterFile(join(folder, "cluster.json"), isMade)
  const cluster = {
    binaries,
    user,
    directory,
    access: yield* DataPath.access(folder, user),
    superuser: Server.superuser,
    password: Redacted.make(kept.password),
    durable: true,
    log,
    // What a cut-off initdb leaves is removed at the next start.
    doomed: ""
  }
  yield* isMade
    ? Effect.andThen(checkVersion(directory, binaries), Leftover.clear(directory))
    : Cluster.make(cluster)
  return { cluster, kept }
})

const boot = Effect.fnUntraced(function*(options: PersistentOptions) {
  const folder = yield* openFolder(options.directory)
  const { cluster, kept } = yield* prepare(folder)
  const server = yield* Server.make({
    ...cluster,
    ...Server.withDefaults(options),
    ports: portsOf(options, kept)
  })
  if (server.port !== kept.port) yield* writeClusterFile(join(folder, "cluster.json"), { ...kept, port: server.port })
  return server
})

/** Boots the server; it is stopped when the scope closes, the data stays. */
export const make = (options: PersistentOptions) =>
  boot(options).pipe(Effect.catchTag("PlatformError", FileFailure.toError), inRealTime)
