/**
 * Deadlines for what may never answer, in real time.
 *
 * The client takes seconds to let a statement go: it asks the server to cancel and waits for the answer, which does not
 * come over a half-open connection. A caller at its deadline does not wait for that; the client ends the connection in
 * its own time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Runs an effect by the real clock, also where a test has another one: a server knows nothing of that. */
export const inRealTime = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(self, Clock.Clock, Clock.Clock.defaultValue())

/** Gives an effect up after so many milliseconds. Neither that nor an interruption waits until the effect has let go. */
export const within =
  <E2>(millis: number, late: () => E2) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.flatMap(Effect.context<R>(), (context) =>
      Effect.callback<A, E | E2>((resume) => {
        const fiber = Effect.runForkWith(context)(self)
        const timer = Effect.runForkWith(context)(inRealTime(Effect.sleep(millis)))
        fiber.addObserver((exit) => {
          timer.interruptUnsafe()
          resume(exit)
        })
        timer.addObserver((exit) => {
          if (exit._tag === "Failure") return
          resume(Effect.fail(late()))
          fiber.interruptUnsafe()
        })
        return Effect.sync(() => {
          timer.interruptUnsafe()
          fiber.interruptUnsafe()
        })
      }))
