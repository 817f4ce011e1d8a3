/**
 * The figures of one contender in one round of one scenario, and what several
 * rounds amount to. Pure.
 */
import type { Reading } from "./Cluster.ts"
import * as Measure from "./Measure.ts"

/** One measured run. */
export interface Sample {
  readonly jobs: number
  readonly seconds: number
  /** CPU of all processes of the contender, in microseconds a job. */
  readonly clientMicrosPerJob: number | null
  /** CPU of the server, in microseconds a job. */
  readonly serverMicrosPerJob: number | null
  /** Write-ahead log, in bytes a job. */
  readonly walBytesPerJob: number | null
  /** The waits the scenario is about, in milliseconds. */
  readonly p50: number | null
  readonly p99: number | null
  /** Figures particular to the scenario, by name. */
  readonly notes: Readonly<Record<string, number>>
}

/** What one run came to: figures, or the reason why there are none. */
export type Outcome =
  | { readonly round: number; readonly sample: Sample }
  | { readonly round: number; readonly failure: string }

/** Median and range over the rounds. */
export interface Summary {
  readonly rounds: number
  readonly failures: ReadonlyArray<string>
  readonly jobs: number
  readonly jobsPerSecond: number | null
  readonly jobsPerSecondRange: Measure.Range | null
  readonly clientMicrosPerJob: number | null
  readonly serverMicrosPerJob: number | null
  readonly walBytesPerJob: number | null
  readonly p50: number | null
  readonly p99: number | null
  readonly notes: Readonly<Record<string, number>>
}

/** Raw material of a sample. */
export interface Run {
  readonly jobs: number
  readonly seconds: number
  readonly clientMicros: number
  readonly before: Reading
  readonly after: Reading
  readonly waits: { readonly p50: number; readonly p99: number } | null
  readonly notes?: Readonly<Record<string, number>>
}

const difference = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : Math.max(0, after - before)

const perJob = (total: number | null, jobs: number): number | null => total === null || jobs === 0 ? null : total / jobs

/** Divides what a run has used by its jobs. */
export const make = (run: Run): Sample => {
  const serverSeconds = difference(run.before.cpuSeconds, run.after.cpuSeconds)
  return {
    jobs: run.jobs,
    seconds: run.seconds,
    clientMicrosPerJob: perJob(run.clientMicros, run.jobs),
    serverMicrosPerJob: perJob(serverSeconds === null ? null : serverSeconds * 1_000_000, run.jobs),
    walBytesPerJob: perJob(difference(run.before.walBytes, run.after.walBytes), run.jobs),
    p50: run.waits?.p50 ?? null,
    p99: run.waits?.p99 ?? null,
    notes: run.notes ?? {}
  }
}

/** Jobs per second of a sample. */
export const jobsPerSecond = (sample: Sample): number => sample.jobs / sample.seconds

const summariseNotes = (samples: ReadonlyArray<Sample>): Record<string, number> => {
  const names = new Set(samples.flatMap((sample) => Object.keys(sample.notes)))
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      Measure.median(samples.map((sample) => sample.notes[name]).filter((value) => value !== undefined))
    ])
  )
}

/** Sums the rounds up: medians of each figure, range of the rate, the failures as they came. */
export const summarise = (outcomes: ReadonlyArray<Outcome>): Summary => {
  const samples = outcomes.flatMap((outcome) => "sample" in outcome ? [outcome.sample] : [])
  const rates = samples.map(jobsPerSecond)
  const of = (pick: (sample: Sample) => number | null) => Measure.medianOf(samples.map(pick))
  return {
    rounds: outcomes.length,
    failures: outcomes.flatMap((outcome) => "failure" in outcome ? [outcome.failure] : []),
    jobs: samples[0]?.jobs ?? 0,
    jobsPerSecond: Measure.medianOf(rates),
    jobsPerSecondRange: rates.length === 0 ? null : Measure.range(rates),
    clientMicrosPerJob: of((sample) => sample.clientMicrosPerJob),
    serverMicrosPerJob: of((sample) => sample.serverMicrosPerJob),
    walBytesPerJob: of((sample) => sample.walBytesPerJob),
    p50: of((sample) => sample.p50),
    p99: of((sample) => sample.p99),
    notes: summariseNotes(samples)
  }
}
