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
import type { ControlCommand } from "./ControlCommand.ts"
import type { TenantQuery } from "./Inspection.ts"
import type { JobQuery } from "./JobQuery.ts"
import type { LimitRule } from "./Limit.ts"
import type { NewJob } from "./NewJob.ts"
import type { Settlement } from "./Outcome.ts"
import type { TransitionAction } from "./Storage.ts"
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
    ?? between("claim", "agingEvery", options.agingEvery ?? 0, 0, Number.MAX_SAFE_INTEGER)

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
 * Checks the number of ids of a transition, and what it changes. `now` is the epoch millisecond of the storage.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkTransition = (ids: ReadonlyArray<string>, action: TransitionAction, now: number): Invalid | null =>
  between("transition", "ids.length", ids.length, 0, 1000)
    ?? (action._tag === "Change" ? checkChange(action, now) : null)

const checkChange = (
  { delayMillis, priority, runAt, tags }: Extract<TransitionAction, { readonly _tag: "Change" }>,
  now: number
): Invalid | null => {
  if (delayMillis !== null && runAt !== null) {
    return new Invalid({ operation: "transition", field: "delayMillis", detail: "excludes runAt" })
  }
  return (priority === null ? null : between("transition", "priority", priority, 0, 100))
    ?? (delayMillis === null ? null : between("transition", "delayMillis", delayMillis, 0, lastInstant - now))
    ?? (runAt === null
      ? null
      : between("transition", "runAt", DateTime.toEpochMillis(runAt), -lastInstant, lastInstant))
    ?? storable("tags", tags, "transition")
}

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

/**
 * Checks the numbers of a command, and that its texts can be stored. `now` is the epoch millisecond of the storage.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const checkControl = (command: ControlCommand, now: number): Invalid | null => {
  if (!isStorable(JSON.stringify(command))) {
    return new Invalid({ operation: "control", field: "command", detail: "holds a NUL character or a lone surrogate" })
  }
  switch (command._tag) {
    case "DeclareLimits":
      return firstOf(command.rules, checkRule)
    case "OverrideLimit":
      return checkSpan("control", command.durationMillis, now) ?? checkOverride(command)
    case "PauseLimit":
      return checkSpan("control", command.durationMillis, now)
    case "SetWeight":
      return command.weight === null ? null : between("control", "weight", command.weight, 0.01, 100)
    default:
      return null
  }
}

/** Permits and jobs: whole or not, they are numbers that add up exactly. */
const permitsMax = 1e12

const checkRule = ({ burst, kind, max, name, perMillis }: LimitRule): Invalid | null => {
  const isTimed = kind === "rate" || kind === "window"
  const refuse = (field: string, detail: string) =>
    new Invalid({ operation: "control", field, detail: `${detail} (limit ${name})` })
  if (name.length === 0 || name.length > nameMax) return refuse("name", `is not 1 to ${nameMax} characters long`)
  if (isTimed !== (perMillis !== null)) return refuse("perMillis", "is set for rates and windows, and for them only")
  if (burst !== null && kind !== "rate") return refuse("burst", "is set for rates only")
  if (kind === "order" && max !== 1) return refuse("max", "is 1 for an order")
  return between("control", "max", max, 0, permitsMax)
    ?? (perMillis === null ? null : between("control", "perMillis", perMillis, 1, spanMax))
    ?? (burst === null ? null : between("control", "burst", burst, 0, permitsMax))
}

const checkOverride = (
  { burst, max, perMillis }: { readonly max?: number; readonly perMillis?: number; readonly burst?: number }
): Invalid | null =>
  (max === undefined ? null : between("control", "max", max, 0, permitsMax))
    ?? (perMillis === undefined ? null : between("control", "perMillis", perMillis, 1, spanMax))
    ?? (burst === undefined ? null : between("control", "burst", burst, 0, permitsMax))

/** Ten years: of any period of a limit or key. */
const spanMax = 315_360_000_000

/** Characters of a limit's name or key. */
const nameMax = 255

const checkSpan = (operation: string, millis: number | null, now: number): Invalid | null =>
  millis === null ? null : between(operation, "durationMillis", millis, 0, lastInstant - now)

/** What a new job says of limits, keys and time to live. */
const checkAdmission = (job: NewJob): Invalid | null =>
  (job.ttlMillis === null ? null : between("insert", "ttlMillis", job.ttlMillis, 1, spanMax))
    ?? checkUnique(job)
    ?? checkDebounce(job)
    ?? checkParents(job)
    ?? between("insert", "limits.length", job.limits.length, 0, 16)
    ?? firstOf(
      job.limits,
      ({ key, name, weight }) =>
        between("insert", "limits.weight", weight, Number.MIN_VALUE, permitsMax)
          ?? between("insert", "limits.name", name.length, 1, nameMax)
          ?? between("insert", "limits.key", key.length, 0, nameMax)
    )
    ?? (new Set(job.limits.map(({ key, name }) => JSON.stringify([name, key]))).size === job.limits.length
      ? null
      : new Invalid({ operation: "insert", field: "limits", detail: "names a limit and key twice" }))

/**
 * Most jobs that one job may wait for: 100. A cancelled child frees as many rows at once as it has parents.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const parentsMax = 100

const checkParents = ({ debounce, parents = [] }: NewJob): Invalid | null =>
  parents.length > 0 && debounce !== null
    ? new Invalid({ operation: "insert", field: "parents", detail: "excludes debounce" })
    : between("insert", "parents.length", new Set(parents).size, 0, parentsMax)

/**
 * The refusal of a new job of which a parent is not there.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const unknownParent = (id: string): Invalid =>
  new Invalid({
    operation: "insert",
    field: "parents",
    detail: `job ${id} does not exist: it was never enqueued here, was removed, or was pruned`
  })

const checkUnique = ({ unique }: NewJob): Invalid | null => {
  if (unique === null) return null
  if (unique.periodMillis !== null) return between("insert", "unique.periodMillis", unique.periodMillis, 1, spanMax)
  return unique.holds === "period"
    ? new Invalid({ operation: "insert", field: "unique.periodMillis", detail: "is missing for a key of a period" })
    : null
}

const checkDebounce = ({ debounce, delayMillis, runAt, unique }: NewJob): Invalid | null => {
  if (debounce === null) return null
  if (delayMillis !== 0 || runAt !== null || unique !== null) {
    const detail = "excludes delayMillis, runAt and unique"
    return new Invalid({ operation: "insert", field: "debounce", detail })
  }
  return between("insert", "debounce.waitMillis", debounce.waitMillis, 1, spanMax)
    ?? (debounce.maxWaitMillis === null
      ? null
      : between("insert", "debounce.maxWaitMillis", debounce.maxWaitMillis, 1, spanMax))
}

const checkNumbers = (job: NewJob, now: number): Invalid | null => checkAdmission(job) ?? checkTimes(job, now)

const checkTimes = (job: NewJob, now: number): Invalid | null =>
  between("insert", "priority", job.priority, 0, 100)
    ?? between("insert", "maxAttempts", job.maxAttempts, 1, 2_147_483_647)
    ?? between("insert", "delayMillis", job.delayMillis, 0, lastInstant - now)
    ?? (job.runAt === null
      ? null
      : between("insert", "runAt", DateTime.toEpochMillis(job.runAt), -lastInstant, lastInstant))

const storable = (field: string, value: unknown, operation = "insert"): Invalid | null =>
  !isStorable(JSON.stringify(value))
    ? new Invalid({ operation, field, detail: "holds a NUL character or a lone surrogate" })
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
