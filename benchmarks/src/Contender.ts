/**
 * What a queue must be able to do to take part in the benchmarks.
 *
 * One file per queue implements `Contender` with the queue's own public API,
 * tuned as its documentation advises. Load, clocks, ledgers and verdicts are
 * the same code for all of them (`ContenderHost`), so an adapter holds nothing
 * but calls of the library. The interface is made of promises because that is
 * what all contenders share; Effect stays on the side of the adapter.
 */

/** Where the contender finds its fresh, empty stores. */
export interface Target {
  /** `postgres://…` of a database made for this contender and round alone. */
  readonly postgresUrl: string
  /** `redis://…` of a flushed server; undefined where the machine has none. */
  readonly redisUrl: string | undefined
  /** Jobs a worker process may run at the same time. */
  readonly slots: number
}

/** The payload of every job. */
export interface BenchJob {
  /** Number of the job, unique in one run: the key of the ledger. */
  readonly n: number
  /** Epoch milliseconds (with fraction) at which the producer called enqueue. */
  readonly at: number
  /** Ballast of the payload, text that does not compress. */
  readonly pad: string
  /** Whose job it is, in the scenario with tenants. */
  readonly tenant?: string
}

/** A worker that runs until it is stopped. */
export interface RunningWorker {
  /** Stops claiming, lets started jobs end, writes what is still to be written. */
  readonly stop: () => Promise<void>
}

/** A pile of jobs that lies in the store before the measured part begins. */
export type Backlog =
  /** Due one day from now. */
  | { readonly kind: "scheduled"; readonly count: number }
  /** Done, as the contender keeps them by default. */
  | { readonly kind: "finished"; readonly count: number }
  /** Runnable now, numbered `from`, `from + 1`, … and all of one tenant. */
  | { readonly kind: "ready"; readonly count: number; readonly from: number; readonly tenant: string }

/** One queue, connected to one target. */
export interface Contender {
  /** Creates tables and queues. Called once per target, by the first process. */
  readonly setup: () => Promise<void>
  /** Connects to a store that `setup` has prepared. Called by every process. */
  readonly connect: () => Promise<void>
  /** Enqueues one job; resolves when the store has accepted it. */
  readonly enqueue: (job: BenchJob) => Promise<void>
  /** Enqueues jobs with the bulk call of the library; one call is one request of a producer. */
  readonly enqueueMany: (jobs: ReadonlyArray<BenchJob>) => Promise<void>
  /** Starts a worker that calls `handle` once for every job it runs. */
  readonly work: (handle: (job: BenchJob) => void) => Promise<RunningWorker>
  /** Counts stored jobs that are due and not finished, running ones included. */
  readonly unfinished: () => Promise<number>
  /** Puts a backlog into the store; false when the contender, as tuned, never holds such rows. */
  readonly fill: (backlog: Backlog) => Promise<boolean>
  /** Closes every connection. */
  readonly close: () => Promise<void>
}

/** What the module of an adapter exports. */
export interface ContenderModule {
  readonly make: (target: Target) => Contender
}
