/**
 * Waits for what is to come: looks again and again, until a deadline that only a broken program misses.
 */
import type { Duration } from "effect"
import { Data, Effect } from "effect"

/** What was waited for did not come. */
export class NeverCame extends Data.TaggedError("NeverCame")<{ readonly what: string; readonly last: string }> {
  override get message(): string {
    return `waited in vain for ${this.what}; last seen: ${this.last}`
  }
}

/** Waits until a look finds something that is as it should be, and answers that. A look that fails is repeated. */
export const until = <A, E, R>(
  what: string,
  deadline: Duration.Input,
  look: Effect.Effect<A, E, R>,
  isIt: (found: A) => boolean
): Effect.Effect<A, NeverCame, R> => {
  let last = "nothing"
  return Effect.gen(function*() {
    while (true) {
      const found = yield* Effect.exit(look)
      if (found._tag === "Success" && isIt(found.value)) return found.value
      last = JSON.stringify(found._tag === "Success" ? found.value : String(found.cause)).slice(0, 2_000)
      yield* Effect.sleep("50 millis")
    }
  }).pipe(
    Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.suspend(() => new NeverCame({ what, last })) })
  )
}
