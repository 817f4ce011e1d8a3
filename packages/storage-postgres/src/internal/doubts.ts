/**
 * Claims whose answer never came: they may have taken jobs that nobody knows of.
 *
 * The jobs of such a claim would wait for the end of their worker, which lives on. Every claim therefore carries a key;
 * a claim that fails or is interrupted leaves its key here, and the next claim of the worker first gives back what
 * stands under the keys in doubt.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"

/** A claim in doubt: of whom, under which key, since when. */
interface Doubt {
  readonly workerId: string
  readonly key: string
  readonly since: number
}

/** How long the server may still be at work on a statement that its client gave up. */
const keptMillis = 60_000

/** Doubts kept at most: those of a minute of failing claims. The oldest go first. */
const doubtsMax = 1000

/** Makes an empty list of doubts. */
export const make = Effect.map(Random.nextInt, (instance) => {
  let claims = 0
  let doubts: ReadonlyArray<Doubt> = []
  return {
    /** The keys in doubt of a worker. */
    of: (workerId: string): Effect.Effect<ReadonlyArray<string>> =>
      doubts.length === 0
        ? Effect.succeed([])
        : Effect.map(Clock.currentTimeMillis, (now) => {
          doubts = doubts.filter((doubt) => now - doubt.since <= keptMillis)
          return doubts.flatMap((doubt) => (doubt.workerId === workerId ? [doubt.key] : []))
        }),
    /** Runs a claim under a key of its own, which is in doubt unless the claim succeeds. */
    watch: <A, E>(workerId: string, claim: (key: string) => Effect.Effect<A, E>): Effect.Effect<A, E> => {
      const key = `${instance.toString(36)}.${claims++}`
      return Effect.onExit(claim(key), (exit) =>
        Exit.isSuccess(exit)
          ? Effect.void
          : Effect.map(Clock.currentTimeMillis, (since) => {
            doubts = [...doubts.slice(1 - doubtsMax), { workerId, key, since }]
          }))
    }
  }
})
