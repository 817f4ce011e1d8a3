/**
 * What the figures were measured on.
 */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { cpus, loadavg, release, totalmem } from "node:os"
import { promisify } from "node:util"

/** The machine and the commit of a run. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  /** Load average of the last minute when the run began: above 1 others were at work. */
  readonly loadAtStart: number
  /** Abbreviated commit, with a plus when the working tree differs; "unknown" outside a checkout. */
  readonly commit: string
}

const git = (directory: string, ...args: ReadonlyArray<string>): Promise<string> =>
  promisify(execFile)("git", [...args], { cwd: directory }).then(({ stdout }) => stdout.trim())

const commitOf = async (directory: string): Promise<string> => {
  const commit = await git(directory, "rev-parse", "--short=10", "HEAD")
  const changed = await git(directory, "status", "--porcelain", "--untracked-files=no")
  return changed === "" ? commit : `${commit}+`
}

/** Describes this machine and the commit of a directory. */
export const describe = (directory: string): Effect.Effect<Machine> =>
  Effect.promise(async () => ({
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    loadAtStart: loadavg()[0] ?? 0,
    commit: await commitOf(directory).catch(() => "unknown")
  }))
