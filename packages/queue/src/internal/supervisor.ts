/**
 * Supervisor: starts the actors of a worker, and starts one anew that ended all the same.
 *
 * An actor's loop outlives the failures and defects of its steps. Should the loop itself end, that is logged, and the actor
 * starts again after the pause of a failure. How each actor fares is part of the worker's health.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Loop from "./loop.ts"

/** An actor that fails at the moment. */
interface Failing {
  readonly actor: string
  readonly failures: number
  readonly sinceMillis: number
  readonly error: string
}

/** The actors of a worker. */
export interface Crew {
  readonly fibers: ReadonlyArray<Fiber.Fiber<never>>
  /** Those whose last steps failed, at this time. */
  readonly failing: (nowMillis: number) => ReadonlyArray<Failing>
}

/** Starts actors. They run until their fibers are interrupted. */
export const start = <E>(actors: ReadonlyArray<Loop.Actor<E>>): Effect.Effect<Crew> =>
  Effect.gen(function*() {
    const troubles = actors.map((actor) => ({ actor: actor.name, trouble: Loop.noTrouble() }))
    const fibers = yield* Effect.forEach(actors, (actor, index) =>
      Effect.forkDetach(keep(actor, troubles[index]?.trouble ?? Loop.noTrouble())))
    return {
      fibers,
      failing: (nowMillis) =>
        troubles.flatMap(({ actor, trouble: { cause, failures, sinceMillis } }) =>
          failures === 0 || cause === null
            ? []
            : [{ actor, failures, sinceMillis: nowMillis - sinceMillis, error: messageOf(cause) }]
        )
    }
  })

/** A loop that ends was interrupted by nobody who may: it runs on a fiber of its own, under one that only waits for it. */
const keep = <E>(actor: Loop.Actor<E>, trouble: Loop.Trouble): Effect.Effect<never> =>
  Effect.forever(Effect.gen(function*() {
    const loop = yield* Effect.forkChild(Loop.run(actor, trouble))
    const exit = yield* Fiber.await(loop)
    trouble.failures += 1
    trouble.cause = exit._tag === "Failure" ? exit.cause : null
    const pauseMillis = Loop.backoffMillis(trouble.failures, yield* Random.next)
    yield* Effect.logError(`${actor.name} ended and starts again in ${pauseMillis} ms`, exit).pipe(
      Effect.annotateLogs({ actor: actor.name, failures: trouble.failures }),
      Effect.ignoreCause
    )
    yield* Effect.sleep(pauseMillis)
  }))

/** Errors are told in a line of bounded length. */
const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const text = typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error)
  return text.slice(0, 500)
}
