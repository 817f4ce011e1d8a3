/**
 * The sizes of a run: how many jobs, rounds and slots, how large the backlogs.
 */

/** Everything that decides how much work a run does. */
export interface Settings {
  /** A smoke test: small sizes, one round, no verdict on time. */
  readonly quick: boolean
  /** Rounds of each scenario; the heavy ones run at most `heavyRounds`. */
  readonly rounds: number
  readonly heavyRounds: number
  /** Jobs of the bulk, drain and end-to-end scenarios. */
  readonly jobs: number
  /** Jobs of the scenario that enqueues one by one. */
  readonly singleJobs: number
  /** Jobs of the latency scenario. */
  readonly latencyJobs: number
  /** Jobs that each process enqueues and runs before anything is measured. */
  readonly warmUpJobs: number
  /** Jobs a worker process may run at the same time. */
  readonly slots: number
  /** Single enqueue calls in flight. */
  readonly inFlight: number
  /** Jobs per bulk call. */
  readonly bulkChunk: number
  /** Bytes of ballast per payload. */
  readonly payloadBytes: number
  /** Jobs that lie one day in the future. */
  readonly scheduledBacklog: number
  /** Jobs that are done. */
  readonly finishedBacklog: number
  /** Tenants, and the jobs of the largest. */
  readonly tenants: number
  readonly whaleJobs: number
  /** Length of the scenario with tenants. */
  readonly tenantSeconds: number
  /** Length of the scenario with a held snapshot, and of one of its windows. */
  readonly churnSeconds: number
  readonly churnWindowSeconds: number
}

/** The sizes of a full run. */
export const full: Settings = {
  quick: false,
  rounds: 3,
  heavyRounds: 1,
  jobs: 40_000,
  singleJobs: 4000,
  latencyJobs: 200,
  warmUpJobs: 1000,
  slots: 100,
  inFlight: 32,
  bulkChunk: 1000,
  payloadBytes: 128,
  scheduledBacklog: 1_000_000,
  finishedBacklog: 10_000_000,
  tenants: 10_000,
  whaleJobs: 1_000_000,
  tenantSeconds: 20,
  churnSeconds: 30,
  churnWindowSeconds: 5
}

/** The sizes of a smoke test. */
export const quick: Settings = {
  ...full,
  quick: true,
  rounds: 1,
  jobs: 1000,
  singleJobs: 200,
  latencyJobs: 10,
  warmUpJobs: 100,
  scheduledBacklog: 2000,
  finishedBacklog: 2000,
  tenants: 50,
  whaleJobs: 2000,
  tenantSeconds: 2,
  churnSeconds: 3,
  churnWindowSeconds: 1
}

/** What the command line may change. */
export interface Overrides {
  readonly quick: boolean
  readonly rounds: number | undefined
  readonly jobs: number | undefined
  /** Factor on the sizes of the backlogs. */
  readonly scale: number
}

const scaled = (size: number, factor: number): number => Math.max(1, Math.round(size * factor))

/** The sizes that a command line asks for. */
export const make = ({ jobs, quick: isQuick, rounds, scale }: Overrides): Settings => {
  const base = isQuick ? quick : full
  const total = jobs ?? base.jobs
  return {
    ...base,
    rounds: rounds ?? base.rounds,
    heavyRounds: Math.min(base.heavyRounds, rounds ?? base.heavyRounds),
    jobs: total,
    singleJobs: scaled(base.singleJobs, total / base.jobs),
    scheduledBacklog: scaled(base.scheduledBacklog, scale),
    finishedBacklog: scaled(base.finishedBacklog, scale),
    tenants: scaled(base.tenants, scale),
    whaleJobs: scaled(base.whaleJobs, scale)
  }
}
