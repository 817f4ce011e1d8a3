/**
 * One stretch of work of one worker process: it counts, times and ledgers the
 * jobs that the contender hands over. Runs inside the contender's process.
 */
import type { BenchJob } from "./Contender.ts"
import * as Ledger from "./Ledger.ts"
import * as Measure from "./Measure.ts"
import type { Progress, WorkReport } from "./Protocol.ts"
import { cpuMicros, epochNow } from "./Stopwatch.ts"

/** Waits kept for percentiles; a longer run is sampled evenly. */
const maxSamples = 20_000

/** One stretch of work. */
export interface Shift {
  readonly handle: (job: BenchJob) => void
  readonly progress: () => Progress
  readonly report: () => WorkReport
  /** Resolves with the start time of job `n` when it starts. */
  readonly started: (n: number) => Promise<number>
}

/** Begins a stretch of work on the jobs `from` to `from + count - 1`. */
export const make = (from: number, count: number): Shift => {
  const ledger = Ledger.make(from, count)
  const every = Math.max(1, Math.ceil(count / maxSamples))
  const waits: Array<number> = []
  const tenantFirst = new Map<string, number>()
  const waiting = new Map<number, (at: number) => void>()
  const begunAt = epochNow()
  const state = { handled: 0, strangers: 0, firstAt: 0, lastAt: 0, cpuAtFirst: 0 }
  const handle = (job: BenchJob): void => {
    const now = epochNow()
    if (!Ledger.record(ledger, job.n)) {
      state.strangers += 1
      return
    }
    if (state.handled === 0) {
      state.firstAt = now
      state.cpuAtFirst = cpuMicros()
    }
    state.handled += 1
    state.lastAt = now
    if (state.handled % every === 0) waits.push(now - job.at)
    if (job.tenant !== undefined && !tenantFirst.has(job.tenant)) tenantFirst.set(job.tenant, now - begunAt)
    const resolve = waiting.get(job.n)
    if (resolve !== undefined) {
      waiting.delete(job.n)
      resolve(now)
    }
  }
  return {
    handle,
    progress: () => ({
      handled: state.handled,
      firstAt: state.handled === 0 ? null : state.firstAt,
      lastAt: state.handled === 0 ? null : state.lastAt,
      cpuMicros: state.handled === 0 ? 0 : cpuMicros() - state.cpuAtFirst
    }),
    report: () => ({
      ledger: Ledger.encode(ledger),
      from,
      strangers: state.strangers,
      waits: Measure.waits(waits),
      tenantFirst: [...tenantFirst]
    }),
    started: (n) => new Promise((resolve) => waiting.set(n, resolve))
  }
}
