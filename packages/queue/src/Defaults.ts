/**
 * Every number that the queue uses when nobody says otherwise: one place, with units and reasons.
 *
 * @since 0.1.0
 */

/**
 * Queue of a job that names none.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const queue = "default"

/**
 * Named priorities: a smaller number runs first. Numbers from 0 to 100 may be used as well.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const priorities = { urgent: 10, high: 30, normal: 50, low: 70 } as const

/**
 * Longest attempt, in milliseconds, of a job that states no time-out: 15 minutes.
 *
 * **Details**
 *
 * Long enough for reports and imports, short enough that a handler that hangs gives its slot back the same hour.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const timeoutMillis = 15 * 60_000

/**
 * Lease of a worker, in milliseconds: 12 seconds.
 *
 * **Details**
 *
 * A killed worker's jobs run elsewhere when its lease has ended, of which the others know the instant: within 15 seconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const leaseMillis = 12_000

/**
 * Renewals per lease: 3, so that two may fail before the lease is in danger.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const renewalsPerLease = 3

/**
 * Part of a lease that a worker does not use: a sixth (2 seconds of 12).
 *
 * **Details**
 *
 * When a lease could not be renewed, running fibers are interrupted this much before it ends, so that
 * their finalizers are done when another worker may start the job.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const leaseMarginShare = 1 / 6

/**
 * How long a heart keeps the lease of a process whose event loop stands still, in milliseconds: 5 minutes.
 *
 * **Details**
 *
 * Long enough for a handler that computes without a pause, short enough that the jobs of a program that hangs for ever
 * run elsewhere the same hour.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const standstillMillis = 5 * 60_000

/**
 * Pause between two signs of life of the event loop, in milliseconds: 1 second.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const pulseMillis = 1_000

/**
 * Delay of a sign of life that is reported as a blocked event loop, in milliseconds: 1 second.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const blockedMillis = 1_000

/**
 * Jobs that run at the same time in one queue of a worker that states no concurrency: 10.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const concurrency = 10

/**
 * Most jobs claimed ahead of free slots, per queue: 500.
 *
 * **Details**
 *
 * Only so many are claimed as will start within `prefetchHorizonMillis` at the present pace: long jobs are never
 * claimed ahead. A batch of 500 costs a storage little more than one of 100.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const prefetch = 500

/**
 * How far ahead jobs are claimed, in milliseconds of work at the present pace: 100.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const prefetchHorizonMillis = 100

/**
 * Age, in milliseconds, at which a claimed job that found no slot is given back: 2 seconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const prefetchAgeMillis = 2_000

/**
 * Most jobs in one claim: 1,000, the limit of the storage port.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const claimBatch = 1_000

/**
 * Jobs that one tenant may get in a claim while other tenants wait: 20.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const perTenant = 20

/**
 * Pause of an idle worker between two looks for work, in milliseconds: 1 second, plus or minus the jitter.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const pollMillis = 1_000

/**
 * Pause between two looks for jobs whose limits may open, in milliseconds: 50, doubling up to the poll interval.
 *
 * **Details**
 *
 * A limit opens with time or by what another worker does, and nobody tells. At 50 ms a rate of several jobs a second is
 * used up evenly by one worker; a look costs the storage less than a millisecond.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const gatedPollMillis = 50

/**
 * One in so many claims begins at a lower priority instead of the first, in turn, so that low priority never starves: 10.
 *
 * **Details**
 *
 * While urgent work fills every slot, a tenth of the claims still goes to the levels below it.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const agingEvery = 10

/**
 * Spread of every periodic pause, as a share of it: plus or minus 20 %, so that workers started together drift apart.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const jitterShare = 0.2

/**
 * Time that running jobs get to end when their worker stops, in milliseconds: 10 seconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const graceMillis = 10_000

/**
 * Time after the grace for giving back what is left and writing the last outcomes, in milliseconds: 1 second.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const shutdownMarginMillis = 1_000

/**
 * Time that an interrupted handler gets before its slot is reported as stuck, in milliseconds: 5 seconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const stuckMillis = 5_000

/**
 * Outcomes in one write: 500. More arrive in the next one.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const settleBatch = 500

/**
 * Outcomes that may wait to be written before a worker stops claiming: 5,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const settleBacklog = 5_000

/**
 * Reports of running handlers that may wait to be written before `progress` and `log` wait themselves: 1,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const reportBacklog = 1_000

/**
 * Jobs in one insert, and in one all-or-nothing chunk of `enqueueAll`: 1,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const insertBatch = 1_000

/**
 * Jobs that may wait for an insert in one process before `enqueue` itself waits: 10,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const insertBacklog = 10_000

/**
 * Longest pause between two promotions while the storage gives hints, in milliseconds: 8 seconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const promoteIdleMillis = 8_000

/**
 * Longest pause between two promotions without hints, in milliseconds: 1 second.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const maintenanceMillis = 1_000

/**
 * Longest pause between two reclaims, in milliseconds: 4 seconds, or a third of a shorter lease.
 *
 * **Details**
 *
 * Renewals tell when the lease of another worker is about to end; the reclaimer looks at that instant as well.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const reclaimMillis = 4_000

/**
 * Jobs made available in one promotion: 1,000. A full batch is followed by the next at once.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const promoteBatch = 1_000

/**
 * Workers whose leases are taken back in one reclaim: 100.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const reclaimBatch = 100

/**
 * Pause between two prunes, in milliseconds: 1 hour.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const pruneMillis = 3_600_000

/**
 * How long `completed` and `cancelled` jobs are kept, in milliseconds: 30 days.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const keepFinishedMillis = 30 * 86_400_000

/**
 * How long `dead` jobs are kept, in milliseconds: 90 days.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const keepDeadMillis = 90 * 86_400_000

/**
 * First pause after a storage error, in milliseconds; it doubles with every further one.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const backoffMillis = 100

/**
 * Longest pause after storage errors, in milliseconds: 2.5 seconds.
 *
 * **Details**
 *
 * With its jitter it stays below 3 seconds, so a worker is back within 5 seconds of the storage.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const backoffCapMillis = 2_500

/**
 * Deadline of a storage call that an actor may give up, in milliseconds: 10 seconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const callMillis = 10_000

/**
 * Time that ordinary jobs get to end before a suspect runs alone, in milliseconds: 5 seconds.
 *
 * **Details**
 *
 * When it is not enough the worker goes on with ordinary work for as long, and waits twice as long the next time,
 * up to `isolationCapMillis`.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const isolationMillis = 5_000

/**
 * Longest time that ordinary jobs get to end before a suspect runs alone, in milliseconds: 15 minutes.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const isolationCapMillis = 15 * 60_000

/**
 * First pause between two looks at a job that `execute` awaits, in milliseconds; it doubles up to `awaitCapMillis`.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const awaitMillis = 20

/**
 * Longest pause between two looks at a job that `execute` awaits, in milliseconds: 1 second.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const awaitCapMillis = 1_000

/**
 * Largest encoded payload, in bytes: 1 MiB. Larger data belongs into a file store, with its name in the payload.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const payloadBytes = 1_048_576

/**
 * Largest encoded result or checkpoint, in bytes: 1 MiB.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const resultBytes = 1_048_576

/**
 * Deepest nesting of a payload, result or checkpoint: 100 levels.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const jsonDepth = 100

/**
 * Longest stored message, stack, note or log line, in bytes of UTF-8: 8 KiB.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const textBytes = 8_192

/**
 * Largest encoded typed error that is stored with a failure, in bytes: 64 KiB. A larger one is left out.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const failureDataBytes = 65_536

/**
 * Longest job name, queue, tenant, unique key or tag, in UTF-16 units: 255.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const nameLength = 255

/**
 * Most tags of one job: 32.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const tagCount = 32

/**
 * Longest delay, time-out or snooze, in milliseconds: 100 years of 365 days.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const durationMillis = 100 * 365 * 86_400_000
