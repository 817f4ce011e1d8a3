/**
 * Starts the embedded PostgreSQL again when it has ended without being asked to.
 *
 * @since 0.1.0
 */
import type { EmbeddedPostgres } from "@millrace/postgres-embedded"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Backoff from "./Backoff.ts"
import type { Output } from "./Output.ts"

/** How often is looked whether the server is there. */
const interval = Duration.millis(250)

/** Looks for ever. Server and worker find their way back to the database by themselves. */
export const keep = Effect.fnUntraced(function*(
  postgres: Pick<EmbeddedPostgres.EmbeddedPostgres["Service"], "pid" | "start">,
  output: Output
) {
  let pauseMillis = 0
  let startedAt = yield* Clock.currentTimeMillis
  while (true) {
    yield* Effect.sleep(interval)
    if ((yield* postgres.pid) !== undefined) continue
    pauseMillis = Backoff.next(pauseMillis, (yield* Clock.currentTimeMillis) - startedAt)
    output.line("dev", `PostgreSQL ended; starting it again in ${Duration.format(Duration.millis(pauseMillis))}`)
    yield* Effect.sleep(pauseMillis)
    startedAt = yield* Clock.currentTimeMillis
    yield* postgres.start.pipe(
      Effect.catch((error) => Effect.sync(() => output.line("dev", `PostgreSQL did not start: ${error.message}`)))
    )
  }
})
