/**
 * Boots a throw-away cluster in a temporary folder.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Cluster from "./cluster.ts"
import * as DataPath from "./dataPath.ts"
import * as FileFailure from "./fileFailure.ts"
import * as Ports from "./ports.ts"
import { inRealTime } from "./realTime.ts"
import * as Server from "./server.ts"
import type { Settings } from "./settings.ts"
import * as SystemUser from "./systemUser.ts"
import * as UsableBinaries from "./usableBinaries.ts"

interface EphemeralOptions extends Server.CommonOptions {
  readonly durable?: boolean | undefined
}

/** How often another free port is tried when one is lost between finding and binding it. */
const anyPort: ReadonlyArray<undefined> = [undefined, undefined, undefined, undefined, undefined]

/** Shared memory of the server lies in its data directory, so that nothing stays in /dev/shm after a crash. */
const memoryInFolder: Settings = { dynamic_shared_memory_type: "mmap" }

const makeFolder = Effect.fnUntraced(function*(user: SystemUser.SystemUser | undefined) {
  const fs = yield* FileSystem.FileSystem
  const candidates = [tmpdir(), "/tmp", "/var/tmp"]
  const open = yield* Effect.filter(candidates, (folder) => DataPath.isReachable(folder, user))
  const folder = yield* Effect.acquireRelease(
    fs.makeTempDirectory({ directory: open[0] ?? tmpdir(), prefix: "millrace-postgres-" }),
    (folder) => fs.remove(folder, { recursive: true, force: true }).pipe(Effect.ignore)
  )
  // The watcher, which runs as this user, removes the folder if this process is killed.
  yield* Cluster.give(folder, user)
  return folder
})

/** Fails before the work of `initdb` when the port is taken already. */
const checkPort = Effect.fnUntraced(function*(port: number | undefined) {
  if (port === undefined || (yield* Ports.isFree(port))) return
  return yield* EmbeddedPostgresError.because(new EmbeddedPostgresError.PortInUse({ port }))
})

const boot = Effect.fnUntraced(function*(options: EphemeralOptions) {
  yield* checkPort(options.port)
  const user = yield* SystemUser.find
  const binaries = yield* UsableBinaries.find(user)
  const folder = yield* makeFolder(user)
  const cluster = {
    binaries,
    user,
    directory: join(folder, "data"),
    access: yield* DataPath.access(folder, user),
    superuser: Server.superuser,
    password: Redacted.make(yield* Cluster.randomSecret),
    durable: options.durable ?? false,
    log: join(folder, "postgres.log"),
    doomed: folder
  }
  yield* Cluster.make(cluster)
  return yield* Server.make({
    ...cluster,
    ...Server.withDefaults(options),
    ports: options.port === undefined ? anyPort : [options.port],
    settings: { ...memoryInFolder, ...options.settings }
  })
})

/** Boots the server; it is stopped and its folder removed when the scope closes. */
export const make = (options: EphemeralOptions) =>
  boot(options).pipe(Effect.catchTag("PlatformError", FileFailure.toError), inRealTime)
