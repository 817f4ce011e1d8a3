/**
 * The bounds of the port's arguments: each check answers null, or why the argument is refused.
 *
 * For drivers. Every driver refuses what these refuse, with a `StorageError` of reason `Invalid`, before it
 * changes anything.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type { ClaimOptions } from "./Claim.ts"
import type { TenantQuery } from "./Inspection.ts"
import type { JobQuery } from "./JobQuery.ts"
import type { NewJob } from "./NewJob.ts"
import type { Settlement } from "./Outcome.ts"
import { Invalid } from "./StorageError.ts"

/** The latest instant that a date can name, in epoch milliseconds (ECMA-262, 21.4.1.1). */
const lastInstant = 8_640_000_000_000_000

/** A NUL character or a lone surrogate, as well-formed `JSON.stringify` writes them. */
const notStorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i

/**
 * Checks a batch of new jobs: bounds of numbers, storable text. `now` is the epoch millisecond of the storage.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkJobs = (jobs: ReadonlyArray<NewJob>, now: number): Invalid | null =>
  firstOf(jobs, (job) => checkText(job) ?? checkNumbers(job, now))

/**
 * Checks the numbers of new jobs only: for drivers that look at their text once for the whole batch, with `isStorable`.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkJobNumbers = (jobs: ReadonlyArray<NewJob>, now: number): Invalid | null =>
  firstOf(jobs, (job) => checkNumbers(job, now))

/**
 * Whether a text written by `JSON.stringify` holds neither NUL characters nor lone surrogates.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const isStorable = (json: string): boolean => !notStorable.test(json)

/**
 * Checks the bounds of a claim.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkClaim = (options: ClaimOptions): Invalid | null =>
  between("claim", "limit", options.limit, 1, 1000)
    ?? between("claim", "perTenant", options.perTenant, 1, Number.MAX_SAFE_INTEGER)

/**
 * Checks that the delay of every outcome can be added to `now`, an epoch millisecond.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkSettlements = (settlements: ReadonlyArray<Settlement>, now: number): Invalid | null =>
  firstOf(settlements, ({ outcome }) =>
    outcome._tag === "Retried" || outcome._tag === "Snoozed"
      ? between("settle", "delayMillis", outcome.delayMillis, 0, lastInstant - now)
      : null)

/**
 * Checks the page size of a query.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkQuery = (query: JobQuery): Invalid | null =>
  query.limit === undefined ? null : between("list", "limit", query.limit, 1, 1000)

/**
 * Checks the page size of a list of tenants.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkTenants = (query: TenantQuery): Invalid | null =>
  query.limit === undefined ? null : between("tenants", "limit", query.limit, 1, 1000)

/**
 * Checks the number of ids of a transition.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkIds = (ids: ReadonlyArray<string>): Invalid | null =>
  between("transition", "ids.length", ids.length, 0, 1000)

/**
 * Checks the limit of a promotion or a reclaim.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkLimit = (operation: string, limit: number): Invalid | null =>
  between(operation, "limit", limit, 1, Number.MAX_SAFE_INTEGER)

const checkText = (job: NewJob): Invalid | null =>
  firstOf(
    ["name", "queue", "tenant", "unique", "debounce", "limits", "tags", "payload", "retry"] as const,
    (field) => storable(field, job[field])
  )

const checkNumbers = (job: NewJob, now: number): Invalid | null =>
  between("insert", "priority", job.priority, 0, 100)
    ?? between("insert", "maxAttempts", job.maxAttempts, 1, 2_147_483_647)
    ?? between("insert", "delayMillis", job.delayMillis, 0, lastInstant - now)
    ?? (job.runAt === null
      ? null
      : between("insert", "runAt", DateTime.toEpochMillis(job.runAt), -lastInstant, lastInstant))

const storable = (field: string, value: unknown): Invalid | null =>
  !isStorable(JSON.stringify(value))
    ? new Invalid({ operation: "insert", field, detail: "holds a NUL character or a lone surrogate" })
    : null

const between = (operation: string, field: string, value: number, minimum: number, maximum: number): Invalid | null =>
  value >= minimum && value <= maximum
    ? null
    : new Invalid({ operation, field, detail: `${value} is not between ${minimum} and ${maximum}` })

const firstOf = <A>(items: ReadonlyArray<A>, check: (item: A) => Invalid | null): Invalid | null => {
  for (const item of items) {
    const invalid = check(item)
    if (invalid !== null) return invalid
  }
  return null
}
