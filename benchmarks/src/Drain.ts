/**
 * Working a backlog off and proving that every job ran exactly once.
 */
import * as Effect from "effect/Effect"
import { BenchmarkFailed } from "./BenchmarkFailed.ts"
import type { ContenderProcess } from "./ContenderProcess.ts"
import * as Ledger from "./Ledger.ts"
import type { Progress, WorkReport } from "./Protocol.ts"
import * as Stopwatch from "./Stopwatch.ts"

/** Time between two looks at the progress, in milliseconds. */
const lookMillis = 20

/** Time between two counts of what is left once all jobs have started, in milliseconds. */
const countMillis = 2

/** A worker that has not moved for so long has stalled, in milliseconds. */
const stallMillis = 60_000

/** A drained backlog. */
export interface Drained {
  /** From the start of the first job until the store held no unfinished job. */
  readonly seconds: number
  readonly firstAt: number
  readonly settledAt: number
  readonly clientMicros: number
}

const look = (workers: ReadonlyArray<ContenderProcess>) =>
  Effect.forEach(workers, (worker) => worker.request("progress", null), { concurrency: "unbounded" })

const handledBy = (progress: ReadonlyArray<Progress>): number =>
  progress.reduce((sum, worker) => sum + worker.handled, 0)

/** Waits until `count` jobs have started, as long as the number keeps growing. */
export const awaitStarted = Effect.fnUntraced(function*(workers: ReadonlyArray<ContenderProcess>, count: number) {
  let best = -1
  let movedAt = Stopwatch.epochNow()
  for (;;) {
    const progress = yield* look(workers)
    const handled = handledBy(progress)
    if (handled >= count) return progress
    const now = Stopwatch.epochNow()
    if (handled > best) {
      best = handled
      movedAt = now
    } else if (now - movedAt > stallMillis) {
      return yield* new BenchmarkFailed({
        step: "drain",
        detail: `stalled: ${handled} of ${count} jobs have run, none for ${stallMillis / 1000} s`
      })
    }
    yield* Effect.sleep(lookMillis)
  }
})

/** Waits until the store holds no unfinished job; answers when it was first seen so. */
export const awaitSettled = Effect.fnUntraced(function*(worker: ContenderProcess) {
  const deadline = Stopwatch.epochNow() + stallMillis
  for (;;) {
    const askedAt = Stopwatch.epochNow()
    const left = yield* worker.request("unfinished", null)
    if (left === 0) return askedAt
    if (askedAt > deadline) {
      return yield* new BenchmarkFailed({ step: "settle", detail: `${left} jobs are still unfinished in the store` })
    }
    yield* Effect.sleep(countMillis)
  }
})

/** Waits until workers that are running already have worked `count` jobs off. */
export const awaitDrained = Effect.fnUntraced(function*(workers: ReadonlyArray<ContenderProcess>, count: number) {
  yield* awaitStarted(workers, count)
  const first = workers[0]
  if (first === undefined) return yield* new BenchmarkFailed({ step: "drain", detail: "there is no worker" })
  const settledAt = yield* awaitSettled(first)
  const progress = yield* look(workers)
  const firstAt = Math.min(...progress.map((worker) => worker.firstAt ?? Number.POSITIVE_INFINITY))
  const drained: Drained = {
    seconds: (settledAt - firstAt) / 1000,
    firstAt,
    settledAt,
    clientMicros: progress.reduce((sum, worker) => sum + worker.cpuMicros, 0)
  }
  return drained
})

/** Stops the workers and answers their reports. */
export const stop = (workers: ReadonlyArray<ContenderProcess>) =>
  Effect.forEach(workers, (worker) => worker.request("stop", null), { concurrency: "unbounded" })

/** Merges the ledgers of the workers over the range of the run. */
export const mergeLedgers = (from: number, count: number, reports: ReadonlyArray<WorkReport>): Ledger.Ledger =>
  Ledger.merge(from, count, reports.map((report) => Ledger.decode(report.from, report.ledger)))

/** Fails unless each of the jobs `from` to `from + count - 1` ran exactly once. */
export const verify = Effect.fnUntraced(function*(from: number, count: number, reports: ReadonlyArray<WorkReport>) {
  const complaint = Ledger.complaint(Ledger.verdict(mergeLedgers(from, count, reports)))
  if (complaint !== undefined) return yield* new BenchmarkFailed({ step: "verify", detail: complaint })
})
