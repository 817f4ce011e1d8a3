/**
 * What workers and producers wrote down outside of the database: a file for each process, to which it only appends,
 * one line an event in one write. What was written is there when the process is killed.
 *
 * | Line | Written |
 * | --- | --- |
 * | `a ids` | by a producer, when the call that enqueued these jobs has returned |
 * | `s id token millis lease` | by a handler, when it starts |
 * | `e id token millis how` | by a handler, when it ends: `c` completed, `f` failed, `i` interrupted |
 * | `w id token millis answer` | when the storage has answered a settlement: `A` applied, `L` lease lost |
 *
 * Times are of this machine's monotonic clock, which no skewed `Date` changes.
 */
import { openSync, readFileSync, writeSync } from "node:fs"

/** A start of a handler, with its end and the answer to its settlement, as far as they were written. */
export interface Execution {
  readonly id: number
  readonly token: number
  readonly leaseId: string
  /** The process: `worker-3.17` is the 17th of the third. */
  readonly by: string
  readonly startedMillis: number
  endedMillis: number | null
  how: "completed" | "failed" | "interrupted" | null
  /** Whether the storage answered that the settlement was applied. */
  isSettled: boolean
}

/** Appends lines to a file. */
export interface Writer {
  readonly acknowledged: (ids: ReadonlyArray<string>) => void
  readonly started: (job: { readonly id: string; readonly token: number; readonly leaseId: string }) => void
  readonly ended: (job: { readonly id: string; readonly token: number }, how: "c" | "f" | "i") => void
  readonly answered: (job: { readonly id: string; readonly token: number }, answer: "A" | "L") => void
}

/** Milliseconds of the clock that all processes of this machine share, whatever `Date` says. */
export const nowMillis = (): number => Math.round(performance.timeOrigin + performance.now())

/** Opens a file for appending. */
export const open = (path: string): Writer => {
  const file = openSync(path, "a")
  const write = (...fields: ReadonlyArray<string | number>) => void writeSync(file, `${fields.join(" ")}\n`)
  return {
    acknowledged: (ids) => write("a", ids.join(",")),
    started: ({ id, leaseId, token }) => write("s", id, token, nowMillis(), leaseId),
    ended: ({ id, token }, how) => write("e", id, token, nowMillis(), how),
    answered: ({ id, token }, answer) => write("w", id, token, nowMillis(), answer)
  }
}

const hows = { c: "completed", f: "failed", i: "interrupted" } as const

const isHow = (text: string | undefined): text is keyof typeof hows => text === "c" || text === "f" || text === "i"

/** The whole lines of a file, split into their fields: a line without its end was being written at the kill. */
const linesOf = (path: string): ReadonlyArray<ReadonlyArray<string>> => {
  const text = readFileSync(path, "utf8")
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").flatMap((line) => line === "" ? [] : [line.split(" ")])
}

/** The acknowledged jobs of a producer. */
export const readAcknowledged = (path: string): ReadonlyArray<number> =>
  linesOf(path).flatMap(([kind, ids = ""]) => kind === "a" ? ids.split(",").map(Number) : [])

/** The executions of a worker, oldest first. */
export const readExecutions = (path: string, by: string): ReadonlyArray<Execution> => {
  const found = new Map<string, Execution>()
  const doubles: Array<Execution> = []
  for (const [kind, id = "", token = "", millis = "", last = ""] of linesOf(path)) {
    const key = `${id}:${token}`
    const known = found.get(key)
    if (kind === "s") {
      const started: Execution = {
        id: Number(id),
        token: Number(token),
        leaseId: last,
        by,
        startedMillis: Number(millis),
        endedMillis: null,
        how: null,
        isSettled: false
      }
      // A token that is started twice must not hide behind itself.
      if (known === undefined) found.set(key, started)
      else doubles.push(started)
    } else if (known !== undefined && kind === "e" && isHow(last)) {
      known.endedMillis = Number(millis)
      known.how = hows[last]
    } else if (known !== undefined && kind === "w" && last === "A") {
      known.isSettled = true
    }
  }
  return [...found.values(), ...doubles].toSorted((one, other) => one.startedMillis - other.startedMillis)
}
