/**
 * The texts of the statements that the driver sends most, to look at or to measure them without the driver.
 *
 * They are what `PgStorage` sends, parameters and all, so that `explain` and `pgbench` say what holds for a worker.
 *
 * @since 0.1.0
 */
import * as PgSchema from "./PgSchema.ts"
import * as claims from "./statements/claim.ts"
import * as settlements from "./statements/settle.ts"

/**
 * The statement that lends jobs without limits to a worker.
 *
 * **Details**
 *
 * `schema` is the name of the schema, unquoted; throws when it is none. Parameters: `$1` an instant, null for the
 * server's clock; `$2` a registered worker; `$3` the queue; `$4` job names; `$5` most jobs; `$6` jobs of a turn; `$7`
 * level served last, -1 at first; `$8` tenant served last, `''` at first; `$9` smallest level; `$10` most tenants; `$11`
 * position to begin at, 0 for the first; `$12` a key of this claim; `$13` and `$14` smallest and largest version of each
 * name; `$15` what is left of the turn of `$8`; `$16` level up to which jobs under limits were claimed, -1 for none; `$17`
 * whether they go first; `$18` whether all jobs start at once. A row for each job; the first has beside it
 * what holds for all of them.
 *
 * @stability unstable
 * @category statements
 * @since 0.1.0
 */
export const claim = (schema: string = PgSchema.defaultName): string => claims.claim(PgSchema.quoteUnsafe(schema))

/**
 * The statement that ends jobs that were completed, have no limits and leave nothing to clear.
 *
 * **Details**
 *
 * `schema` is as for `claim`. Parameters: `$1` the worker; `$2` ids of leases; `$3` where the jobs of each begin in the
 * following arrays, from 0; `$4` how many each has; `$5` ids of jobs, in the order of the claim; `$6` their tokens; `$7`
 * milliseconds from claim to start, -1 for none; `$8` milliseconds from claim to end; `$9` results as JSON text, `''`
 * for none; `$10` how many jobs they are. One row: how many were ended, and which, unless all were.
 *
 * @stability unstable
 * @category statements
 * @since 0.1.0
 */
export const settleCompleted = (schema: string = PgSchema.defaultName): string =>
  settlements.settleCompleted(PgSchema.quoteUnsafe(schema), { holds: false })
