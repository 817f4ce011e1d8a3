/**
 * The judgement over a queue in the comparison, from the ledger alone: every queue is judged by what its jobs did. Pure.
 */
import type { Execution } from "./CrashLedger.ts"
import type { Life } from "./Verdict.ts"

/** The figures of a queue. */
export interface PeerVerdict {
  readonly acknowledged: number
  /** Acknowledged jobs that ran to their end. */
  readonly ended: number
  /** Acknowledged jobs that had not run to their end when the run was over: lost, stuck, or given up. */
  readonly unfinished: number
  readonly reExecutions: number
  /** Jobs whose handler ran when its worker was killed or frozen. */
  readonly inFlight: number
  /** Executions of jobs that had run to their end before. */
  readonly ofFinished: number
  /** Executions again although the worker of every earlier one lived on, undisturbed: the database did it. */
  readonly byDatabase: number
}

/** Judges. */
export const judge = (
  acknowledged: ReadonlySet<number>,
  executions: ReadonlyArray<Execution>,
  lives: ReadonlyArray<Life>
): PeerVerdict => {
  const hurt = new Set(lives.filter(isHurt).map(({ name }) => name))
  const byJob = new Map<number, Array<Execution>>()
  for (const execution of executions) {
    const known = byJob.get(execution.id)
    if (known === undefined) byJob.set(execution.id, [execution])
    else known.push(execution)
  }
  const tally = { ended: 0, reExecutions: 0, inFlight: 0, ofFinished: 0, byDatabase: 0 }
  for (const [id, unsorted] of byJob) {
    const runs = unsorted.toSorted((one, other) => one.startedMillis - other.startedMillis)
    if (acknowledged.has(id) && runs.some(({ how }) => how === "completed")) tally.ended += 1
    for (const [at, run] of runs.entries()) {
      if (hurt.has(run.by) && run.how === null) tally.inFlight += 1
      if (at === 0) continue
      const earlier = runs.slice(0, at)
      tally.reExecutions += 1
      if (earlier.some(({ endedMillis }) => endedMillis !== null && endedMillis <= run.startedMillis)) {
        tally.ofFinished += 1
      }
      if (earlier.every(({ by }) => !hurt.has(by))) tally.byDatabase += 1
    }
  }
  return { acknowledged: acknowledged.size, unfinished: acknowledged.size - tally.ended, ...tally }
}

const isHurt = ({ fate, freezes }: Life): boolean => fate === "killed" || fate === "aborted" || freezes.length > 0
