/**
 * Ends a process one of whose handlers is stuck: it goes on although it was interrupted long ago, and nothing but the end of
 * the process gets its slot back.
 *
 * @since 0.1.0
 */
import type * as Worker from "@millrace/queue/Worker"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A handler was stuck for too long. The worker stops; its supervisor starts it anew.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class HandlerStuck extends Schema.TaggedError<HandlerStuck>()("HandlerStuck", {
  job: Schema.String,
  name: Schema.String,
  stuckMillis: Schema.Finite
}) {
  override get message(): string {
    const since = Duration.format(Duration.millis(Math.round(this.stuckMillis)))
    return `Job ${this.job} (${this.name}) goes on ${since} after it was interrupted: the worker stops to be started anew. `
      + "Its job runs elsewhere when the lease has ended."
  }
}

/** How often the worker is looked at. */
const every = "1 second"

/**
 * Fails once a handler was stuck for longer than this; never succeeds.
 *
 * @stability unstable
 * @category starting
 * @since 0.1.0
 */
export const watch = (
  worker: Pick<Worker.Worker["Service"], "health">,
  patience: Duration.Duration
): Effect.Effect<never, HandlerStuck> =>
  worker.health.pipe(
    Effect.flatMap(({ stuck }) => {
      const worst = stuck.find(({ sinceMillis }) => sinceMillis > Duration.toMillis(patience))
      return worst === undefined
        ? Effect.void
        : new HandlerStuck({ job: worst.id, name: worst.name, stuckMillis: worst.sinceMillis })
    }),
    Effect.andThen(Effect.sleep(every)),
    Effect.forever
  )
