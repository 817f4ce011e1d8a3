/**
 * Waits until the database answers and its tables are there.
 *
 * A worker is often started together with its database, or restarted while that is away: it waits and says so,
 * instead of dying.
 *
 * @since 0.1.0
 */
import type { StorageError } from "@millrace/storage/StorageError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

/**
 * The database answers, but some tables are not there yet, and this worker was told not to make them.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class TablesMissing extends Schema.TaggedError<TablesMissing>()("TablesMissing", {
  migrations: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `The tables of ${this.migrations.join(", ")} are missing, and MILLRACE_MIGRATE is off. Run the migrations.`
  }
}

/** From a fifth of a second to five: a database that starts is met soon, one that is away is not pestered. */
const patience = Schedule.min([Schedule.exponential(Duration.millis(200)), Schedule.spaced(Duration.seconds(5))])

/**
 * Runs `prepare` (migrate, or look for the tables; answers what it applied) until it succeeds.
 *
 * **Details**
 *
 * Every failure that may pass is logged with the time of the next try: 0.2 seconds to 5 seconds.
 *
 * **Errors**
 *
 * What trying again can not mend: the database belongs to a newer release, or its user lacks rights.
 *
 * @stability unstable
 * @category starting
 * @since 0.1.0
 */
export const pass = <R>(
  prepare: Effect.Effect<ReadonlyArray<string>, StorageError | TablesMissing, R>
): Effect.Effect<void, StorageError | TablesMissing, R> =>
  prepare.pipe(
    Effect.tapError((error) =>
      mayPass(error) ? Effect.logWarning(`waiting for the database: ${error.message}`) : Effect.void
    ),
    Effect.retry({ schedule: patience, while: mayPass }),
    Effect.tap((applied) =>
      applied.length === 0
        ? Effect.logDebug("tables are up to date")
        : Effect.logInfo(`migrated: ${applied.join(", ")}`)
    ),
    Effect.asVoid
  )

const mayPass = (error: StorageError | TablesMissing): boolean => error._tag === "TablesMissing" || error.isTransient

/**
 * Turns the list of migrations into `prepare` for a worker that must not migrate.
 *
 * @stability unstable
 * @category starting
 * @since 0.1.0
 */
export const expectApplied = <E, R>(
  status: Effect.Effect<ReadonlyArray<{ readonly name: string; readonly appliedAt: Date | null }>, E, R>
): Effect.Effect<ReadonlyArray<string>, E | TablesMissing, R> =>
  Effect.flatMap(status, (migrations) => {
    const missing = migrations.filter(({ appliedAt }) => appliedAt === null).map(({ name }) => name)
    return missing.length === 0 ? Effect.succeed([]) : Effect.fail(new TablesMissing({ migrations: missing }))
  })
