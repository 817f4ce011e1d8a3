/**
 * Every number that the scheduler uses when nobody says otherwise: one place, with units and reasons.
 *
 * @since 0.1.0
 */

/**
 * How late an instant may be fired as if in time, in milliseconds: 1 minute. What is later is a misfire.
 *
 * **Details**
 *
 * Long enough for a restart of all nodes or of the database, short enough that a burst is no storm: a schedule of every
 * second fires at most 60 instants at once.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const graceMillis = 60_000

/**
 * Longest pause between two looks for due schedules, in milliseconds: 1 second, plus or minus the jitter of all actors.
 *
 * **Details**
 *
 * A schedule that another node makes for the next second fires that much late at most.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const tickMillis = 1_000

/**
 * Shortest pause while a due schedule is left over because another node is firing it, in milliseconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const leftoverMillis = 20

/**
 * Schedules fired in one transaction: 100. A full batch is followed by the next at once.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const tickBatch = 100

/**
 * Shortest interval of `every`, in milliseconds: 1 second.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const everyMillis = 1_000

/**
 * Longest interval of `every` and window of `catchUp`, in milliseconds: 100 years of 365 days.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const durationMillis = 100 * 365 * 86_400_000

/**
 * Longest jitter, in milliseconds: 1 day.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const jitterMillis = 86_400_000

/**
 * Most instants in one catch-up, backfill or preview, and the highest number of missed ones that is counted: 1,000.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const instants = 1_000

/**
 * How often a program says that its schedules are still declared, in milliseconds: 1 minute.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const declareMillis = 60_000

/**
 * How long after the last sign of a declaration a schedule counts as dropped, in milliseconds: 3 minutes, so that two
 * signs may be lost.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const silenceMillis = 180_000

/**
 * How long a dropped schedule goes on before it is removed, in milliseconds: 15 minutes.
 *
 * **Details**
 *
 * A rolling deployment, and one that is taken back at once, end sooner.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const dropMillis = 900_000

/**
 * Owner of the schedules of a program that does not say who it is.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const owner = "default"
