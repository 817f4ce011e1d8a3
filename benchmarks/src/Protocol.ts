/**
 * What the harness and a contender's process say to each other over IPC.
 *
 * One request, one answer, matched by `id`. Times are epoch milliseconds with
 * fraction, taken from the monotonic clock of the process.
 */
import type { Backlog, Target } from "./Contender.ts"
import type { Waits } from "./Measure.ts"

/** How a producer sends its jobs. */
export interface Production {
  /** Number of the first job. */
  readonly from: number
  readonly count: number
  /** Calls in flight at the same time. */
  readonly inFlight: number
  /** Jobs per call of `enqueueMany`. */
  readonly chunk: number
  /** Bytes of ballast in each payload. */
  readonly payloadBytes: number
  /** Jobs belong to tenants in turn when above 0. */
  readonly tenants: number
}

/** The measured part of a producer's run. */
export interface Produced {
  readonly startedAt: number
  readonly endedAt: number
  readonly cpuMicros: number
  /** Time from call to return of each enqueue call. */
  readonly calls: Waits
}

/** How far a worker has come. */
export interface Progress {
  readonly handled: number
  /** Start of the first job; null before it. */
  readonly firstAt: number | null
  /** Start of the latest job; null before the first. */
  readonly lastAt: number | null
  /** CPU of this process since the start of its first job. */
  readonly cpuMicros: number
}

/** What a worker has done, told when it has stopped. */
export interface WorkReport {
  /** The executions (`Ledger.encode`). */
  readonly ledger: string
  readonly from: number
  /** Executions of jobs that are none of this run's. */
  readonly strangers: number
  /** From enqueue call to start of the job; over a sample of at most 20,000 jobs. */
  readonly waits: Waits
  /** Each tenant with the start of its first job, in milliseconds after the worker's start. */
  readonly tenantFirst: ReadonlyArray<readonly [tenant: string, millis: number]>
}

/** Waits of single jobs on an idle worker. */
export interface Latencies {
  /** From the moment enqueue was called to the start of the job. */
  readonly fromCall: Waits
  /** From the moment enqueue returned to the start of the job; below 0 when it started earlier. */
  readonly fromReturn: Waits
}

/** Jobs per second in successive windows of a steady run. */
export interface Churned {
  readonly startedAt: number
  readonly endedAt: number
  readonly handled: number
  readonly enqueued: number
  readonly cpuMicros: number
  readonly windows: ReadonlyArray<number>
}

/** The commands, each with what it takes and what it answers. */
export interface Commands {
  readonly open: { readonly request: { readonly target: Target; readonly setup: boolean }; readonly answer: null }
  readonly warmUp: { readonly request: { readonly jobs: number }; readonly answer: null }
  readonly fill: { readonly request: Backlog; readonly answer: boolean }
  readonly enqueueOne: { readonly request: Production; readonly answer: Produced }
  readonly enqueueBulk: { readonly request: Production; readonly answer: Produced }
  readonly work: { readonly request: { readonly from: number; readonly count: number }; readonly answer: null }
  readonly progress: { readonly request: null; readonly answer: Progress }
  readonly stop: { readonly request: null; readonly answer: WorkReport }
  readonly unfinished: { readonly request: null; readonly answer: number }
  readonly latency: {
    readonly request: { readonly from: number; readonly count: number; readonly payloadBytes: number }
    readonly answer: Latencies
  }
  readonly churn: {
    readonly request: {
      readonly from: number
      readonly seconds: number
      readonly windowSeconds: number
      readonly backlog: number
      readonly chunk: number
      readonly payloadBytes: number
    }
    readonly answer: Churned
  }
  readonly close: { readonly request: null; readonly answer: null }
}

/** Names of the commands. */
export type CommandName = keyof Commands

/** A request on the wire. */
export type Request = {
  readonly [Name in CommandName]: {
    readonly id: number
    readonly command: Name
    readonly body: Commands[Name]["request"]
  }
}[CommandName]

/** An answer on the wire. */
export type Answer =
  | { readonly id: number; readonly ok: true; readonly body: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string }
