/**
 * Runs an effect on the clock of the machine.
 *
 * Other processes live in real time, whatever clock the caller runs under: with
 * a test clock, waiting for a server would never end.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Replaces the clock by that of the machine. */
export const inRealTime: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.provideService(
  Clock.Clock,
  Context.get(Context.empty(), Clock.Clock)
)
