/**
 * Runs the migrations beside the server, as soon as the database lets it.
 *
 * The server answers from its first moment; until the tables are there, `/ready` and the jobs answer 503.
 *
 * @since 0.1.0
 */
import type { StorageError } from "@millrace/storage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** From a fifth of a second to five: a database that starts is met soon, one that is away is not pestered. */
const patience = Schedule.min([Schedule.exponential(Duration.millis(200)), Schedule.spaced(Duration.seconds(5))])

/**
 * Migrates, trying again while the database can not be reached or is busy.
 *
 * **Details**
 *
 * Ends when it is done, or when trying again can not help: then it logs why, and the server goes on, since a database
 * of a newer release may still understand it.
 *
 * @stability unstable
 * @category migrations
 * @since 0.1.0
 */
export const run = <R>(
  migrate: Effect.Effect<ReadonlyArray<string>, StorageError.StorageError, R>
): Effect.Effect<void, never, R> =>
  migrate.pipe(
    Effect.tapError((error) =>
      error.isTransient ? Effect.logWarning(`Waiting for the database: ${error.message}`) : Effect.void
    ),
    Effect.retry({ schedule: patience, while: (error) => error.isTransient }),
    Effect.flatMap((applied) =>
      applied.length === 0
        ? Effect.logInfo("The tables are up to date")
        : Effect.logInfo(`Migrated: ${applied.join(", ")}`)
    ),
    Effect.catchCause((cause) => Effect.logError("The migrations failed", cause))
  )
