/**
 * Finds the installed PostgreSQL binaries and makes them complete.
 *
 * npm packages can not hold symbolic links, and package managers often block
 * the install script that makes them, so missing links of shared libraries are
 * made here from the list that the package carries.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { dirname, join, relative } from "node:path"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Platform from "./platform.ts"

const Installed = Schema.Struct({ initdb: Schema.String, postgres: Schema.String, pg_ctl: Schema.String })

const Links = Schema.fromJsonString(Schema.Array(Schema.Struct({ source: Schema.String, target: Schema.String })))

/** A symbolic link to make: absolute path, and what it says. */
export interface Link {
  readonly path: string
  readonly text: string
}

const here = `${process.platform}-${process.arch}`

const unsupported = (detail: string) =>
  EmbeddedPostgresError.because(new EmbeddedPostgresError.UnsupportedPlatform({ platform: here, detail }))

const load = (name: string) =>
  Effect.tryPromise({
    try: () => import(name),
    catch: () => unsupported(`package ${name} is not installed (optional dependencies may have been left out)`)
  })

/** The binaries of the platform package, as installed. */
export const installed = Effect.gen(function*() {
  const name = Platform.packageName(process.platform, process.arch)
  if (name === undefined) return yield* unsupported("no package has binaries for it")
  const paths = yield* load(name).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Installed)),
    Effect.catchTag("SchemaError", (error) => unsupported(`package ${name} is not as expected: ${error.message}`))
  )
  return {
    native: dirname(dirname(paths.postgres)),
    initdb: paths.initdb,
    postgres: paths.postgres,
    pgCtl: paths.pg_ctl
  } satisfies Platform.Binaries
})

/** The links that the package wants, resolved below `native`; empty where it has no list. */
export const links = Effect.fnUntraced(function*(native: string) {
  const fs = yield* FileSystem.FileSystem
  const list = join(native, "pg-symlinks.json")
  if (!(yield* fs.exists(list))) return []
  const entries = yield* fs.readFileString(list).pipe(
    Effect.flatMap(Schema.decodeEffect(Links)),
    Effect.catchTag("SchemaError", (error) => unsupported(`${list} is not as expected: ${error.message}`))
  )
  return entries.map(({ source, target }): Link => ({
    path: join(native, relative("native", target)),
    text: relative(dirname(target), source)
  }))
})

const isThere = Effect.fnUntraced(function*(link: Link) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readLink(link.path).pipe(Effect.as(true), Effect.orElseSucceed(() => false))
})

const make = Effect.fnUntraced(function*(link: Link) {
  const fs = yield* FileSystem.FileSystem
  // Another start may make the same link at the same time: there is then nothing left to do.
  yield* fs.symlink(link.text, link.path).pipe(
    Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.void)
  )
})

/** Makes the links that are missing; harmless when run twice or by two processes at once. */
export const completeLinks = Effect.fnUntraced(function*(
  native: string
): Effect.fn.Return<
  void,
  EmbeddedPostgresError.EmbeddedPostgresError | PlatformError.PlatformError,
  FileSystem.FileSystem
> {
  for (const link of yield* links(native)) {
    if (!(yield* isThere(link))) yield* make(link)
  }
})
