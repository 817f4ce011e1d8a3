/**
 * What a queue must be able to do to take part in the comparison under faults: `npm run crash -- --peers`.
 *
 * One file per queue implements it with the queue's own public API and default crash budgets. Load, faults, ledger and
 * verdict are the same code for all of them, in `tests/system/src/crash`.
 */

/** A worker that runs until it is stopped. */
export interface RunningWorker {
  readonly stop: () => Promise<void>
}

/** One queue on one database. */
export interface CrashPeer {
  /** Creates tables and queues; once for a database. */
  readonly setup: () => Promise<void>
  /** Connects to what `setup` has prepared. */
  readonly connect: () => Promise<void>
  /** Enqueues jobs that carry these numbers; resolves when they are accepted. */
  readonly enqueueMany: (numbers: ReadonlyArray<number>) => Promise<void>
  /** Runs jobs, at most `slots` at the same time. */
  readonly work: (slots: number, handle: (number: number) => Promise<void>) => Promise<RunningWorker>
  /** Counts the jobs that the store still holds as unfinished. */
  readonly unfinished: () => Promise<number>
  readonly close: () => Promise<void>
}

/** What the module of an adapter exports. */
export interface CrashPeerModule {
  readonly make: (postgresUrl: string) => CrashPeer
}
