/**
 * What the program's pool of database connections looks like, for those who watch it.
 *
 * A driver's client may bring figures; without them nobody watches.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * A look at a pool.
 *
 * **Details**
 *
 * - `max`: connections that there may be
 * - `total`: connections that are open, or being opened
 * - `idle`: those of them that nobody uses
 * - `waiting`: statements and transactions that wait until somebody gives a connection back
 * - `waited`: how many have had to wait since the pool was made
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PoolFigures {
  readonly max: number
  readonly total: number
  readonly idle: number
  readonly waiting: number
  readonly waited: number
}

/**
 * A look at the pool of the program. Defaults to null: the storage has none, or does not tell.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const ConnectionPool = Context.Reference<Effect.Effect<PoolFigures> | null>(
  "@millrace/storage/ConnectionPool",
  { defaultValue: () => null }
)

/**
 * Is every connection in use, so that the next one to ask waits?
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isExhausted = ({ idle, max, total }: PoolFigures): boolean => total >= max && idle === 0
