/**
 * The ledger of a simulation: which handlers really ran, where and when, and what callers were told. It survives every
 * crash.
 */
import type { JobId } from "@millrace/storage/JobId"
import type { Behaviour } from "../Scenario.ts"
import type { Journal } from "./journal.ts"
import type { Process } from "./kernel.ts"

/** One execution of a handler. */
export interface Execution {
  readonly id: JobId
  readonly number: number
  readonly token: number
  readonly process: Process
  readonly isAlone: boolean
  readonly behaviour: Behaviour
  readonly startedMicros: number
  /** `open` while it goes on, or for ever when its process was killed. */
  end: "open" | "succeeded" | "failed" | "interrupted"
}

/** The ledger. */
export interface Ledger {
  /** Executions that go on, by process. */
  readonly open: Map<Process, Set<Execution>>
  readonly byToken: Map<string, Execution>
  /** Starts of each job's handler. */
  readonly starts: Map<JobId, number>
  /** Ids that callers were told, by the number of the job. */
  readonly told: Map<number, Set<JobId>>
  /** When a process was last unfrozen, in microseconds. */
  readonly thawed: Map<Process, number>
}

/** An empty ledger. */
export const make = (): Ledger => ({
  open: new Map(),
  byToken: new Map(),
  starts: new Map(),
  told: new Map(),
  thawed: new Map()
})

/** The execution of a claim, if its handler ever started. */
export const find = (ledger: Ledger, id: JobId, token: number): Execution | undefined =>
  ledger.byToken.get(`${id}#${token}`)

/** A process that was frozen may go on with what it had begun for so long, in microseconds. */
const wakeMicros = 200_000

/** A handler starts. */
export const begin = (ledger: Ledger, journal: Journal, execution: Execution): void => {
  const { id, process, startedMicros, token } = execution
  for (const other of allOpen(ledger)) {
    if (other.id === id && mustHaveStopped(ledger, other, startedMicros)) {
      journal.breach("I6", `job ${id} starts in ${process.name} while ${other.process.name} still runs it`)
    }
  }
  checkAlone(ledger, journal, execution)
  if (find(ledger, id, token) !== undefined) {
    journal.breach("I6", `job ${id} starts twice with token ${token}`)
  }
  const open = ledger.open.get(process) ?? new Set<Execution>()
  ledger.open.set(process, open.add(execution))
  ledger.byToken.set(`${id}#${token}`, execution)
  ledger.starts.set(id, (ledger.starts.get(id) ?? 0) + 1)
}

/** A handler ended. */
export const end = (ledger: Ledger, execution: Execution, how: "succeeded" | "failed" | "interrupted"): void => {
  execution.end = how
  ledger.open.get(execution.process)?.delete(execution)
}

/** A process is gone, and with it what it ran. */
export const forget = (ledger: Ledger, process: Process): void => {
  ledger.open.delete(process)
}

const allOpen = (ledger: Ledger): ReadonlyArray<Execution> => [...ledger.open.values()].flatMap((open) => [...open])

const isStubborn = ({ behaviour }: Execution): boolean => behaviour.does === "Stubborn"

/** Would its worker have interrupted it by now? Not when it was frozen, nor when it can not be interrupted. */
const mustHaveStopped = (ledger: Ledger, execution: Execution, nowMicros: number): boolean => {
  const { process } = execution
  if (process.state !== "alive" || isStubborn(execution)) return false
  return nowMicros - (ledger.thawed.get(process) ?? -Infinity) > wakeMicros
}

/** A suspect runs with nothing beside it. */
const checkAlone = (ledger: Ledger, journal: Journal, execution: Execution): void => {
  const beside = [...ledger.open.get(execution.process) ?? []].filter((other) => !isStubborn(other))
  if (execution.isAlone && beside.length > 0) {
    journal.breach("alone", `suspect ${execution.id} starts beside ${beside.length} others`)
  }
  const suspect = beside.find(({ isAlone }) => isAlone)
  if (suspect !== undefined) journal.breach("alone", `job ${execution.id} starts beside suspect ${suspect.id}`)
}
