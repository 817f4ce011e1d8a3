/**
 * How the server process names its data directory.
 *
 * When this process is root, the server runs as another user, who may not be
 * allowed to enter a parent of the data directory (/root, or a home of mode
 * 0700). The process still gets there: its working directory is set before its
 * user is, and `/proc/self/cwd` leads to it without a walk through the parents.
 */
import * as Effect from "effect/Effect"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"
import * as OsProcess from "./osProcess.ts"
import type { SystemUser } from "./systemUser.ts"

/** The working directory of whoever reads it (Linux). */
const workingDirectory = "/proc/self/cwd"

/** Whether a user can enter a folder; asks the system, so access lists and mount options count. */
export const isReachable = (folder: string, user: SystemUser | undefined): Effect.Effect<boolean> =>
  user === undefined
    ? Effect.succeed(true)
    : OsProcess.run({ command: "/bin/sh", args: ["-c", "cd \"$1\"", "sh", folder], cwd: "/", user }).pipe(
      Effect.map(({ ok }) => ok)
    )

/** How the server gets to its data directory: by its path, or as its working directory. */
export type Access = "path" | "workingDirectory"

/** The data directory as the server's command line names it. */
export const argument = (directory: string, access: Access): string => access === "path" ? directory : workingDirectory

/** How `user` gets to data directories inside `parent`, which exists. */
export const access = Effect.fnUntraced(function*(
  parent: string,
  user: SystemUser | undefined
): Effect.fn.Return<Access, EmbeddedPostgresError.EmbeddedPostgresError> {
  if (yield* isReachable(parent, user)) return "path"
  if (process.platform === "linux") return "workingDirectory"
  return yield* EmbeddedPostgresError.because(
    new EmbeddedPostgresError.SystemFailed({
      operation: "let PostgreSQL enter",
      path: parent,
      detail: `user ${user?.name} may not enter one of its parents: open them (chmod o+x) or choose another folder`
    })
  )
})
