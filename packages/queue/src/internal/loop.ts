/**
 * The one loop of all actors: a step, a pause, and what happens when a step fails.
 *
 * A step does its work and says how long to pause. Whoever opens the actor's latch ends the pause. A step that fails or
 * dies is logged, at most once a second, and tried again after a pause that doubles up to 2.5 seconds: an actor never
 * ends by itself.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Defaults from "../Defaults.ts"

/** How long an actor pauses: `spread` varies the time by 20 % either way. */
export interface Pause {
  readonly millis: number
  readonly spread: boolean
}

/** No pause: there may be more to do. */
export const again: Pause = { millis: 0, spread: false }

/** A pause until the actor is woken. */
export const untilWoken: Pause = { millis: Infinity, spread: false }

/** A pause of exactly so many milliseconds, if nobody wakes the actor. */
export const exactly = (millis: number): Pause => ({ millis, spread: false })

/** A pause of about so many milliseconds, if nobody wakes the actor. */
export const about = (millis: number): Pause => ({ millis, spread: true })

/** An actor: its name in the logs, what wakes it, and its step. */
export interface Actor<E> {
  readonly name: string
  readonly wake: Latch.Latch
  readonly step: Effect.Effect<Pause, E>
}

/** Runs an actor for ever. */
export const run = <E>(actor: Actor<E>): Effect.Effect<never> =>
  Effect.suspend(() => {
    const trouble: Trouble = { failures: 0, unlogged: 0, loggedMillis: -Infinity }
    return Effect.forever(Effect.matchCauseEffect(
      // Closed first: a wake-up during the step is not lost, it ends the pause after it.
      Effect.suspend(() => {
        actor.wake.closeUnsafe()
        return actor.step
      }),
      {
        onSuccess: (pause) => {
          trouble.failures = 0
          return rest(actor.wake, pause)
        },
        onFailure: (cause) => recover(actor.name, trouble, cause)
      }
    ))
  })

/** The pause after so many failures in a row, in milliseconds: `unit` is a random number from 0 to 1. */
export const backoffMillis = (failures: number, unit: number): number =>
  spreadMillis(Math.min(Defaults.backoffCapMillis, Defaults.backoffMillis * 2 ** Math.min(failures - 1, 30)), unit)

/** A time varied by 20 % either way: `unit` is a random number from 0 to 1. */
export const spreadMillis = (millis: number, unit: number): number =>
  Math.max(1, Math.round(millis * (1 - Defaults.jitterShare + 2 * Defaults.jitterShare * unit)))

/**
 * Pauses until the time is over or the latch opens.
 *
 * Opening a latch resumes its waiters on the spot, inside of whoever opened it. The yield lets that one finish first.
 */
const rest = (wake: Latch.Latch, { millis, spread }: Pause): Effect.Effect<void> => {
  if (millis <= 0) return Effect.yieldNow
  if (millis === Infinity) return Effect.andThen(wake.await, Effect.yieldNow)
  if (!spread) return Effect.andThen(Effect.timeoutOption(wake.await, millis), Effect.yieldNow)
  return Effect.flatMap(
    Random.next,
    (unit) => Effect.andThen(Effect.timeoutOption(wake.await, spreadMillis(millis, unit)), Effect.yieldNow)
  )
}

interface Trouble {
  failures: number
  unlogged: number
  loggedMillis: number
}

/** Fewest milliseconds between two error logs of one actor. */
const logMillis = 1_000

const recover = (name: string, trouble: Trouble, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.gen(function*() {
    trouble.failures += 1
    const unit = yield* Random.next
    const pauseMillis = backoffMillis(trouble.failures, unit)
    const now = yield* Clock.currentTimeMillis
    if (now - trouble.loggedMillis < logMillis) trouble.unlogged += 1
    else {
      const { unlogged } = trouble
      trouble.loggedMillis = now
      trouble.unlogged = 0
      yield* Effect.logError(`${name} failed and tries again in ${pauseMillis} ms`, cause).pipe(
        Effect.annotateLogs({ actor: name, failures: trouble.failures, unlogged }),
        // A logger that throws must not end an actor.
        Effect.ignoreCause
      )
    }
    // Not ended by a wake-up: a storage that is down would be asked at the pace of the wake-ups.
    yield* Effect.sleep(pauseMillis)
  })
