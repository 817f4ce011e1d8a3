/**
 * Creates the data directory of a cluster with `initdb`.
 *
 * The work is done in a folder beside the final one and renamed when complete,
 * so a data directory exists whole or not at all, whenever the process dies.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { basename, dirname, join } from "node:path"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as DataPath from "./dataPath.ts"
import * as OsProcess from "./osProcess.ts"
import type { Binaries } from "./platform.ts"
import * as ProcessTable from "./processTable.ts"
import * as ServerLog from "./serverLog.ts"
import type { SystemUser } from "./systemUser.ts"

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly binaries: Binaries
  readonly user: SystemUser | undefined
  /** The data directory. */
  readonly directory: string
  readonly access: DataPath.Access
  readonly superuser: string
  readonly password: Redacted.Redacted
  /** Flushes the files to disk before the directory counts as made. */
  readonly durable: boolean
  readonly log: string
  /** Folder that is removed when this process dies meanwhile, or empty. */
  readonly doomed: string
}

/** Letters and digits that are hard to guess: 24 bytes, 192 bits. */
export const randomSecret: Effect.Effect<string> = Effect.sync(() => randomBytes(24).toString("base64url"))

/** A short unique ending for names of files and databases: 8 bytes, 16 hexadecimal digits. */
export const randomSuffix: Effect.Effect<string> = Effect.sync(() => randomBytes(8).toString("hex"))

const staging = (directory: string, suffix: string) => `${directory}.init-${suffix}`

const isStaging = (directory: string) => (name: string): boolean => name.startsWith(`${basename(directory)}.init-`)

/** Removes what interrupted runs of `initdb` left behind. The caller owns the directory's lock. */
export const removeRemains = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const parent = dirname(directory)
  const names = (yield* fs.readDirectory(parent)).filter(isStaging(directory))
  yield* Effect.forEach(names, (name) => fs.remove(join(parent, name), { recursive: true, force: true }))
})

/** Hands a file or folder to the user who runs the server. */
export const give = Effect.fnUntraced(function*(path: string, user: SystemUser | undefined) {
  const fs = yield* FileSystem.FileSystem
  if (user !== undefined) yield* fs.chown(path, user.uid, user.gid)
})

const initdbArguments = (options: ClusterOptions, directory: string, passwordFile: string): ReadonlyArray<string> => [
  `--pgdata=${DataPath.argument(directory, options.access)}`,
  `--username=${options.superuser}`,
  `--pwfile=${process.platform === "win32" ? passwordFile : "/dev/stdin"}`,
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  // The built-in provider needs no library of the machine: the same order of text everywhere.
  "--locale=C",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--no-instructions",
  // A throw-away cluster has a loopback address and a password of its own: a cheap verifier makes connects 5 ms faster.
  ...(options.durable ? [] : ["--no-sync", "--set=scram_iterations=1"])
]

const spawnInitdb = (options: ClusterOptions, directory: string, passwordFile: string) =>
  OsProcess.spawn({
    command: options.binaries.initdb,
    args: initdbArguments(options, directory, passwordFile),
    cwd: directory,
    user: options.user,
    stdin: process.platform === "win32" ? undefined : passwordFile,
    log: options.log,
    lifeLine: { doomed: options.doomed }
  })

/** Ends an `initdb` that is not waited for any more; harmless when it has ended. */
const abandon = Effect.fnUntraced(function*(initdb: OsProcess.Spawned) {
  if (initdb.hasEnded()) return
  yield* ProcessTable.signal(initdb.pid, "SIGKILL")
  yield* initdb.exit
})

const runInitdb = Effect.fnUntraced(function*(options: ClusterOptions, directory: string, passwordFile: string) {
  const offset = yield* ServerLog.size(options.log)
  const status = yield* Effect.acquireUseRelease(
    spawnInitdb(options, directory, passwordFile),
    (initdb) => initdb.exit,
    abandon
  )
  if (status.code === 0) return
  return yield* EmbeddedPostgresError.because(
    new EmbeddedPostgresError.InitFailed({
      directory,
      exit: OsProcess.describeExit(status),
      log: yield* ServerLog.tail(options.log, offset)
    })
  )
})

/** Creates the data directory; it must not exist, its parent must. */
export const make = Effect.fnUntraced(function*(options: ClusterOptions) {
  const fs = yield* FileSystem.FileSystem
  const directory = staging(options.directory, yield* randomSuffix)
  const passwordFile = `${directory}.password`
  yield* fs.makeDirectory(directory, { mode: 0o700 })
  yield* give(directory, options.user)
  yield* fs.writeFileString(passwordFile, `${Redacted.value(options.password)}\n`, { mode: 0o600 })
  yield* give(passwordFile, options.user)
  yield* runInitdb(options, directory, passwordFile).pipe(
    Effect.ensuring(fs.remove(passwordFile, { force: true }).pipe(Effect.ignore)),
    Effect.onError(() => fs.remove(directory, { recursive: true, force: true }).pipe(Effect.ignore))
  )
  yield* fs.rename(directory, options.directory)
})
