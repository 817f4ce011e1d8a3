/**
 * The loop of all actors, for those of other packages: a step, a pause, and what happens when a step fails.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Loop from "./internal/loop.ts"

/**
 * An actor: its name in the logs, the latch that ends its pauses, and its step, which says how long to pause.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Actor<E> = Loop.Actor<E>

/**
 * How long an actor pauses.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Pause = Loop.Pause

/**
 * No pause: there may be more to do.
 *
 * @stability unstable
 * @category pauses
 * @since 0.1.0
 */
export const again: Pause = Loop.again

/**
 * A pause until the actor is woken.
 *
 * @stability unstable
 * @category pauses
 * @since 0.1.0
 */
export const untilWoken: Pause = Loop.untilWoken

/**
 * A pause of exactly so many milliseconds, if nobody wakes the actor.
 *
 * @stability unstable
 * @category pauses
 * @since 0.1.0
 */
export const exactly: (millis: number) => Pause = Loop.exactly

/**
 * A pause of about so many milliseconds (20 % either way), if nobody wakes the actor.
 *
 * @stability unstable
 * @category pauses
 * @since 0.1.0
 */
export const about: (millis: number) => Pause = Loop.about

/**
 * Runs an actor for ever: a step that fails is logged, at most once a second, and repeated after a growing pause.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const run: <E>(actor: Actor<E>) => Effect.Effect<never> = Loop.run
