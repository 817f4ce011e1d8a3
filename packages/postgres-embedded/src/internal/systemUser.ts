/**
 * Under which system user PostgreSQL runs when this process is root.
 *
 * PostgreSQL refuses to run as root, and `initdb` wants its user in the user
 * database, so a bare number is not enough: the user is taken from /etc/passwd.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"

/** A user of the operating system that is not root. */
export interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const passwd = "/etc/passwd"
/** `_postgres` is what macOS calls it. */
const preferred = ["postgres", "_postgres", "nobody"]
/** 2^31: larger ids (macOS has nobody = -2) can not be handed to spawn. */
const idLimit = 0x7fff_ffff

const parseLine = (line: string): ReadonlyArray<SystemUser> => {
  const [name, , uid, gid] = line.split(":")
  const user = { name: name ?? "", uid: Number(uid ?? ""), gid: Number(gid ?? "") }
  const isUsable = user.name !== "" && !user.name.startsWith("#") && Number.isInteger(user.uid) &&
    Number.isInteger(user.gid) && user.uid > 0 && user.gid > 0 && user.uid < idLimit && user.gid < idLimit
  return isUsable ? [user] : []
}

/** Chooses from the text of a passwd file: `postgres`, `_postgres`, `nobody`, else the first that is not root. */
export const choose = (text: string): SystemUser | undefined => {
  const users = text.split("\n").flatMap(parseLine)
  const named = preferred.flatMap((name) => users.filter((user) => user.name === name))
  return named[0] ?? users[0]
}

/** The user to run PostgreSQL as; undefined when it is the one that runs this process. */
export const find = Effect.gen(function*() {
  if (process.getuid?.() !== 0) return undefined
  const fs = yield* FileSystem.FileSystem
  const user = choose(yield* fs.readFileString(passwd))
  if (user !== undefined) return user
  return yield* EmbeddedPostgresError.because(new EmbeddedPostgresError.NoSystemUser({ searched: passwd }))
})

/** The name to print in messages. */
export const nameOf = (user: SystemUser | undefined): string => user?.name ?? "of this process"
