/**
 * Calls to the storage with a deadline, and what their errors mean to an actor.
 */
import { StorageError, Unavailable } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"

/** Gives up a call after so many milliseconds: as unavailable, for nobody knows what became of it. */
export const within =
  (operation: string, millis: number) => <A>(call: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    Effect.timeoutOrElse(call, {
      duration: millis,
      orElse: () =>
        Effect.fail(
          new StorageError({
            reason: new Unavailable({ operation, detail: `no answer within ${Math.round(millis)} ms` })
          })
        )
    })

/** Waits for an effect at most so long, also where nothing else may be interrupted. True when it ended in time. */
export const atMost = (effect: Effect.Effect<void>, millis: number): Effect.Effect<boolean> =>
  Effect.map(Effect.timeoutOption(Effect.interruptible(effect), Math.max(1, millis)), (ended) => ended._tag === "Some")
