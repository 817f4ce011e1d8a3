/**
 * Binaries that the chosen user can run: the installed ones, or a copy.
 */
import * as Effect from "effect/Effect"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as Binaries from "./binaries.ts"
import * as BinaryCopy from "./binaryCopy.ts"
import * as OsProcess from "./osProcess.ts"
import type { Binaries as Paths } from "./platform.ts"
import * as SystemUser from "./systemUser.ts"

/** Asks the server for its version as the user who is to run it: permissions, libraries and processor all count. */
const probe = (binaries: Paths, user: SystemUser.SystemUser | undefined) =>
  OsProcess.run({ command: binaries.postgres, args: ["--version"], cwd: "/", user })

/** The file is there and yet "not found": what is missing is the loader that it names. */
const loaderHint = (output: string): string =>
  output.includes("ENOENT")
    ? " (its loader is missing: systems with musl instead of glibc, as Alpine, can not run it)"
    : ""

const unusable = (binaries: Paths, user: SystemUser.SystemUser | undefined, detail: string) =>
  EmbeddedPostgresError.because(
    new EmbeddedPostgresError.UnusableBinaries({
      path: binaries.postgres,
      user: SystemUser.nameOf(user),
      detail: `${detail.trim()}${loaderHint(detail)}`
    })
  )

const completeLinks = (binaries: Paths) =>
  Binaries.completeLinks(binaries.native).pipe(
    Effect.as(true),
    // A folder that can not be written is no failure yet: a copy can be.
    Effect.catchTag("PlatformError", () => Effect.succeed(false))
  )

/** Whether a copy can help: what this process itself can not run, it can not run from elsewhere either. */
const mayCopyHelp = Effect.fnUntraced(
  function*(binaries: Paths, user: SystemUser.SystemUser | undefined, whole: boolean) {
    if (!whole) return true
    return user !== undefined && (yield* probe(binaries, undefined)).ok
  }
)

/** The major version in `postgres (PostgreSQL) 18.4`. */
export const majorVersion = (output: string): string => /(\d+)(\.|\s|devel|beta|rc|$)/.exec(output)?.[1] ?? ""

/** Binaries that `user` can run. */
export const find = Effect.fnUntraced(function*(user: SystemUser.SystemUser | undefined) {
  const binaries = yield* Binaries.installed
  const whole = yield* completeLinks(binaries)
  const first = yield* probe(binaries, user)
  if (first.ok) return binaries
  if (!(yield* mayCopyHelp(binaries, user, whole))) return yield* unusable(binaries, user, first.output)
  const copy = yield* BinaryCopy.make(binaries, (paths) => Effect.map(probe(paths, user), ({ ok }) => ok))
  if (copy === undefined) return yield* unusable(binaries, user, first.output)
  return copy
})
