/**
 * The sizes of a storm: how many jobs, which faults and how often, over how long.
 */

/** The faults of a storm, and how often each happens. */
export interface FaultCounts {
  /** SIGKILL of a worker. */
  readonly kill: number
  /** SIGSTOP of a worker until its lease is lost, then SIGCONT. */
  readonly freeze: number
  /** SIGKILL of the whole database server, then a start. */
  readonly crashDatabase: number
  /** `pg_terminate_backend` of one session of a worker or producer. */
  readonly endSession: number
  /** The connection on which a worker listens goes silent: no byte, no FIN, no RST. */
  readonly silenceListener: number
  /** Another connection of a worker goes silent. */
  readonly silenceQuery: number
  /** A connection of a worker is reset in the middle of a message. */
  readonly cut: number
  /** Tables are locked for two seconds: statements hang. */
  readonly lockTables: number
  /** All workers are stopped gracefully and started again, one after the other. */
  readonly rollingRestart: number
}

/** Everything that decides how much a storm does. */
export interface StormSettings {
  readonly jobs: number
  /** Time over which the faults are spread. */
  readonly faultSeconds: number
  readonly workers: number
  readonly producers: number
  /** Jobs at the same time in each worker. */
  readonly concurrency: number
  /** Jobs whose handler calls `process.abort()`. */
  readonly poison: number
  readonly faults: FaultCounts
  /** After the last fault no job may rest unfinished for so long while nothing else moves: then it is stuck. */
  readonly drainSeconds: number
}

/** The size of every run of the checks. */
export const ci: StormSettings = {
  jobs: 105_000,
  faultSeconds: 240,
  workers: 7,
  producers: 2,
  concurrency: 10,
  poison: 3,
  faults: {
    kill: 160,
    freeze: 22,
    crashDatabase: 22,
    endSession: 230,
    silenceListener: 7,
    silenceQuery: 6,
    cut: 20,
    lockTables: 4,
    rollingRestart: 1
  },
  drainSeconds: 60
}

/** The size of a release. */
export const release: StormSettings = {
  jobs: 1_000_000,
  faultSeconds: 1_260,
  workers: 8,
  producers: 2,
  concurrency: 10,
  poison: 10,
  faults: {
    kill: 1_020,
    freeze: 110,
    crashDatabase: 204,
    endSession: 1_000,
    silenceListener: 25,
    silenceQuery: 20,
    cut: 80,
    lockTables: 16,
    rollingRestart: 3
  },
  drainSeconds: 60
}

/** A tenth of the size for the checks, in about a minute: to try the machine itself. */
export const quick: StormSettings = {
  jobs: 10_000,
  faultSeconds: 40,
  workers: 5,
  producers: 2,
  concurrency: 10,
  poison: 1,
  faults: {
    kill: 20,
    freeze: 3,
    crashDatabase: 3,
    endSession: 30,
    silenceListener: 2,
    silenceQuery: 1,
    cut: 3,
    lockTables: 1,
    rollingRestart: 1
  },
  drainSeconds: 60
}
