/**
 * The counters of this process's workers and producers, as Effect metrics.
 *
 * They are updated once per batch, not per job. Export them with any exporter of `effect/Metric`.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/** Upper bounds of batch sizes: 1, 2, 4 … 1,024. */
const batchSizes = Metric.exponentialBoundaries({ start: 1, factor: 2, count: 12 })

/**
 * Jobs claimed.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const claimed = Metric.counter("millrace_jobs_claimed", { description: "Jobs claimed", incremental: true })

/**
 * Attempts that completed their job.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const completed = Metric.counter("millrace_jobs_completed", {
  description: "Attempts that completed their job",
  incremental: true
})

/**
 * Attempts that failed, the last ones of dead jobs included.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const failed = Metric.counter("millrace_jobs_failed", { description: "Attempts that failed", incremental: true })

/**
 * Jobs that became dead.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const dead = Metric.counter("millrace_jobs_dead", { description: "Jobs that became dead", incremental: true })

/**
 * Jobs that were quarantined: their payload could not be decoded.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const quarantined = Metric.counter("millrace_jobs_quarantined", {
  description: "Jobs that were quarantined",
  incremental: true
})

/**
 * Outcomes that changed nothing, because the claim was lost before they were written.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const leaseLost = Metric.counter("millrace_lease_lost", {
  description: "Outcomes of claims that were lost",
  incremental: true
})

/**
 * Handlers that went on after they were interrupted.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const stuck = Metric.counter("millrace_handlers_stuck", {
  description: "Handlers that went on after they were interrupted",
  incremental: true
})

/**
 * Times that the event loop stood still for a second or more: a handler that computes without a pause, or a stopped
 * process.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const blocked = Metric.counter("millrace_event_loop_blocked", {
  description: "Times that the event loop stood still for a second or more",
  incremental: true
})

/**
 * Outcomes in one write.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const settleBatch = Metric.histogram("millrace_settle_batch", {
  description: "Outcomes in one write",
  boundaries: batchSizes
})

/**
 * Jobs in one claim, empty ones left out.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const claimBatch = Metric.histogram("millrace_claim_batch", {
  description: "Jobs in one claim",
  boundaries: batchSizes
})

/**
 * Tenants that got jobs in one claim, empty ones left out.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const claimTenants = Metric.histogram("millrace_claim_tenants", {
  description: "Tenants in one claim",
  boundaries: batchSizes
})

/**
 * Jobs of the tenant that got the most of one claim, for claims of several tenants.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const claimLargest = Metric.histogram("millrace_claim_largest_tenant", {
  description: "Jobs of the tenant that got the most of one claim",
  boundaries: batchSizes
})

/**
 * Jobs in one insert of the group commit.
 *
 * @stability unstable
 * @category metrics
 * @since 0.1.0
 */
export const insertBatch = Metric.histogram("millrace_insert_batch", {
  description: "Jobs in one insert",
  boundaries: batchSizes
})
