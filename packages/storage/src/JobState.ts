/**
 * The nine states of a job and the table of legal transitions.
 *
 * Only a storage changes a job's state, and only along `transitions`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Schema of the states.
 *
 * **Details**
 *
 * - `pending` waits for its parents to be completed
 * - `scheduled` has a future `runAt` (delayed or snoozed)
 * - `available` may be claimed now
 * - `running` is claimed by a worker
 * - `retryable` failed and waits for its next attempt
 * - `completed`, `cancelled` are finished
 * - `dead` gave up and waits for a person
 * - `quarantined` could not be run (its payload was not understood) and waits for a person; it keeps its unique key
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const JobState = Schema.Literals([
  "pending",
  "scheduled",
  "available",
  "running",
  "retryable",
  "completed",
  "cancelled",
  "dead",
  "quarantined"
])

/**
 * A state.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobState = typeof JobState.Type

/**
 * All states, in the order of a job's life.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const states: ReadonlyArray<JobState> = JobState.literals

/**
 * The legal transitions: from a state to the states that may follow it.
 *
 * **Details**
 *
 * `dead`, `quarantined` and `cancelled` become `available` only when a person redrives the job; `available` becomes
 * `scheduled` only when a person puts it off.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const transitions: { readonly [State in JobState]: ReadonlyArray<JobState> } = {
  pending: ["available", "scheduled", "cancelled"],
  scheduled: ["available", "cancelled"],
  available: ["running", "scheduled", "cancelled"],
  running: ["completed", "retryable", "scheduled", "available", "cancelled", "dead", "quarantined"],
  retryable: ["available", "cancelled"],
  completed: [],
  cancelled: ["available"],
  dead: ["available", "cancelled"],
  quarantined: ["available", "cancelled"]
}

/**
 * Tells whether a job may go from one state to another.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isLegal = (from: JobState, to: JobState): boolean => transitions[from].includes(to)

/**
 * Tells whether a job in this state has ended: `completed`, `cancelled` or `dead`. One that is `quarantined` has not.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isTerminal = (state: JobState): boolean =>
  state === "completed" || state === "cancelled" || state === "dead"
