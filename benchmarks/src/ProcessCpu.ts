/**
 * CPU of a process and all its descendants, the reaped ones included, from
 * `/proc` (Linux). Elsewhere there is no figure.
 */
import * as Effect from "effect/Effect"
import { readdir, readFile } from "node:fs/promises"

/** One line of `/proc/<pid>/stat`, as far as CPU is concerned. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** Ticks of this process, in user and kernel mode. */
  readonly own: number
  /** Ticks of its children that have ended and were waited for. */
  readonly reaped: number
}

/** Ticks per second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Parses `/proc/<pid>/stat`; undefined for a line that is none. */
export const parseStat = (line: string): ProcessStat | undefined => {
  const pid = Number.parseInt(line, 10)
  // The command is in parentheses and may hold spaces and parentheses itself: fields are counted after the last one.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ").map(Number)
  const [, parent, user, system, reapedUser, reapedSystem] = [0, 1, 11, 12, 13, 14].map((index) => fields[index])
  if (parent === undefined || user === undefined || system === undefined) return undefined
  return { pid, parent, own: user + system, reaped: (reapedUser ?? 0) + (reapedSystem ?? 0) }
}

/** Sums the ticks of the tree under `root`; null when the root is not there. */
export const treeTicks = (root: number, processes: ReadonlyArray<ProcessStat>): number | null => {
  if (!processes.some((process) => process.pid === root)) return null
  const inTree = new Set([root])
  let grew = true
  while (grew) {
    const before = inTree.size
    for (const process of processes) if (inTree.has(process.parent)) inTree.add(process.pid)
    grew = inTree.size > before
  }
  return processes.filter((process) => inTree.has(process.pid))
    .reduce((ticks, process) => ticks + process.own + process.reaped, 0)
}

const readAll = async (): Promise<ReadonlyArray<ProcessStat>> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")))
  return lines.map(parseStat).filter((stat) => stat !== undefined)
}

/** CPU seconds of the tree under `root` so far; null where `/proc` is missing. Resolution: 10 ms a process. */
export const treeSeconds = (root: number): Effect.Effect<number | null> =>
  Effect.promise(() =>
    readAll().then((processes) => {
      const ticks = treeTicks(root, processes)
      return ticks === null ? null : ticks / ticksPerSecond
    }, () => null)
  )
