/**
 * How busy the process is: what a worker that chooses its number of slots has to know.
 *
 * The libraries know no process. A program that provides none is taken to be idle as long as its event loop comes round in time.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * Answers the share of the time since it was asked last in which the event loop was busy: 0 to 1.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Read = () => number

/**
 * Begins to measure; each worker has a measure of its own. Defaults to null: nobody measures.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const ProcessLoad = Context.Reference<(() => Read) | null>("@millrace/queue/ProcessLoad", {
  defaultValue: () => null
})
