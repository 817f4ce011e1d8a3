/**
 * Counts who uses the connections of a pool, and who waits for one.
 *
 * Counted is what asks, not what the pool does: with one user to a connection, whoever is beyond the most connections
 * that there may be waits.
 */
import type { PoolFigures } from "@millrace/storage/ConnectionPool"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"

/** The counts of one pool. */
export class PoolMeter {
  readonly max: number
  #open = 0
  #users = 0
  #waited = 0

  constructor(max: number) {
    this.max = max
  }

  readonly look: Effect.Effect<PoolFigures> = Effect.sync(() => ({
    max: this.max,
    total: this.#open,
    idle: Math.max(0, this.#open - this.#users),
    waiting: Math.max(0, this.#users - this.max),
    waited: this.#waited
  }))

  /** Counts a connection from now until the scope of its making closes: for the fiber that opens it. */
  readonly opened: Effect.Effect<void> = Effect.flatMap(Effect.serviceOption(Scope.Scope), (scope) => {
    if (Option.isNone(scope)) return Effect.void
    this.#open += 1
    return Scope.addFinalizer(scope.value, Effect.sync(() => (this.#open -= 1)))
  })

  /** Counts a user for the time of an effect that takes a connection and gives it back. */
  readonly borrowing = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptibleMask((restore) => Effect.ensuring(restore(self), this.#enter()))

  /** Counts a user from when an effect asks for a connection until its scope closes, or the asking fails. */
  readonly leasing = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
    Effect.uninterruptibleMask((restore) => {
      const leave = this.#enter()
      return Effect.andThen(Effect.addFinalizer(() => leave), Effect.onError(restore(self), () => leave))
    })

  /** Counts one more, and answers what counts it off, once. */
  #enter(): Effect.Effect<void> {
    let isIn = true
    this.#users += 1
    if (this.#users > this.max) this.#waited += 1
    return Effect.sync(() => {
      if (isIn) this.#users -= 1
      isIn = false
    })
  }
}
