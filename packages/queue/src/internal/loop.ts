/**
 * The one loop of all actors: a step, a pause, and what happens when a step fails.
 *
 * A step does its work and says how long to pause. Whoever opens the actor's latch ends the pause. A step that fails or
 * dies is tried again after a pause that doubles up to 2.5 seconds: an actor never ends by itself. The first of its
 * failures is logged at once, later ones ever more seldom, and that it works again.
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

/** How an actor fares: failures in a row, since when, and the last of them. */
export interface Trouble {
  failures: number
  sinceMillis: number
  cause: Cause.Cause<unknown> | null
  /** Failures since the last log line, when that was, and how long the next one has to wait. */
  unlogged: number
  loggedMillis: number
  quietMillis: number
}

/** An actor that works. */
export const noTrouble = (): Trouble => ({
  failures: 0,
  sinceMillis: 0,
  cause: null,
  unlogged: 0,
  loggedMillis: -Infinity,
  quietMillis: quietMillisMin
})

/** Runs an actor for ever. */
export const run = <E>(actor: Actor<E>, trouble: Trouble = noTrouble()): Effect.Effect<never> =>
  Effect.forever(Effect.matchCauseEffect(
    // Closed first: a wake-up during the step is not lost, it ends the pause after it.
    Effect.suspend(() => {
      actor.wake.closeUnsafe()
      return actor.step
    }),
    {
      onSuccess: (pause) =>
        trouble.failures === 0
          ? rest(actor.wake, pause)
          : Effect.andThen(recovered(actor.name, trouble), rest(actor.wake, pause)),
      onFailure: (cause) => recover(actor.name, trouble, cause)
    }
  ))

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

/** Fewest milliseconds between the first two error logs of one actor; each further pause is twice as long, up to a minute. */
const quietMillisMin = 5_000
const quietMillisMax = 60_000

const recover = (name: string, trouble: Trouble, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const nowMillis = yield* Clock.currentTimeMillis
    if (trouble.failures === 0) trouble.sinceMillis = nowMillis
    trouble.failures += 1
    trouble.cause = cause
    const pauseMillis = backoffMillis(trouble.failures, yield* Random.next)
    if (nowMillis - trouble.loggedMillis < trouble.quietMillis) trouble.unlogged += 1
    else yield* complain(name, trouble, nowMillis, pauseMillis)
    // Not ended by a wake-up: a storage that is down would be asked at the pace of the wake-ups.
    yield* Effect.sleep(pauseMillis)
  })

const complain = (name: string, trouble: Trouble, nowMillis: number, pauseMillis: number): Effect.Effect<void> => {
  const { cause, failures, unlogged } = trouble
  if (trouble.loggedMillis > -Infinity) trouble.quietMillis = Math.min(quietMillisMax, trouble.quietMillis * 2)
  trouble.loggedMillis = nowMillis
  trouble.unlogged = 0
  return Effect.logError(`${name} failed and tries again in ${pauseMillis} ms`, cause).pipe(
    Effect.annotateLogs({ actor: name, failures, unlogged }),
    // A logger that throws must not end an actor.
    Effect.ignoreCause
  )
}

/** An actor that fails now and then is no quieter for that: the patience of its log outlives its failures for a minute. */
const recovered = (name: string, trouble: Trouble): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (nowMillis) => {
    const { failures, sinceMillis } = trouble
    trouble.failures = 0
    trouble.cause = null
    if (nowMillis - trouble.loggedMillis >= quietMillisMax) trouble.quietMillis = quietMillisMin
    return failures < 3 ? Effect.void : Effect.logInfo(`${name} works again`).pipe(
      Effect.annotateLogs({ actor: name, failures, millis: nowMillis - sinceMillis }),
      Effect.ignoreCause
    )
  })
