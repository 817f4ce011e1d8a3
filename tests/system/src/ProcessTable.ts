/**
 * What the system knows of processes (Linux): which live, what memory they used, which belong to a folder.
 */
import { Effect } from "effect"
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const link = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    return ""
  }
}

/** State letter of a process; empty when there is none. */
const stateOf = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3)
}

/** Whether a process is there and has not ended: one that nobody collected has. */
const isAlive = (pid: number): boolean => !["", "Z", "X"].includes(stateOf(pid))

/** The most memory that a process ever had resident, in bytes. */
export const peakMemoryBytes = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? Number.NaN) * 1024

/** The living processes that have to do with a folder: it is their working directory, or named by their command or environment. */
export const processesOf = (folder: string): ReadonlyArray<{ readonly pid: number; readonly command: string }> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) =>
    pid !== process.pid && isAlive(pid)
  )
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")
      const texts = [command, read(`/proc/${pid}/environ`), link(`/proc/${pid}/cwd`)]
      return texts.some((text) => text.includes(folder)) ? [{ pid, command: command.slice(0, 120) }] : []
    })

/** The program that a process runs. */
export const programOf = (pid: number): string => link(`/proc/${pid}/exe`)

/** The user that a process runs as. */
export const userOf = (pid: number): number => statSync(`/proc/${pid}`).uid

/** Sends a signal; harmless when the process has ended. */
export const signal = (pid: number, name: NodeJS.Signals) =>
  Effect.sync(() => {
    try {
      process.kill(pid, name)
    } catch {
      // It has ended.
    }
  })
