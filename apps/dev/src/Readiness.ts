/**
 * Waits until a job that is enqueued now would run: the server is ready and the worker is registered.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Output } from "./Output.ts"

/** Something did not get ready. */
class NotReady extends Schema.TaggedError<NotReady>()("NotReady", {
  what: Schema.String,
  after: Schema.String
}) {
  override get message(): string {
    return `The ${this.what} was not ready after ${this.after}. Its lines above may say why.`
  }
}

/** The longest wait: minutes on a machine that is slow and busy with other things. */
const longest = Duration.minutes(3)

/** How often is looked. */
const interval = Duration.millis(50)

/** How often is said that something is waited for. */
const notice = Duration.seconds(10)

/** Waits until a look finds something ready, and says so now and then. A look that fails found nothing. */
export const wait = <E, R>(what: string, look: Effect.Effect<boolean, E, R>, output: Output) =>
  Effect.suspend(() => look).pipe(
    Effect.orElseSucceed(() => false),
    Effect.repeat({ until: (isReady) => isReady, schedule: Schedule.spaced(interval) }),
    Effect.raceFirst(
      Effect.delay(Effect.sync(() => output.line("dev", `waiting for the ${what} …`)), notice).pipe(Effect.forever)
    ),
    Effect.timeoutOrElse({
      duration: longest,
      orElse: () => Effect.fail(new NotReady({ what, after: Duration.format(longest) }))
    }),
    Effect.asVoid
  )

/** Whether a URL answers 200. */
export const answers = (url: string): Effect.Effect<boolean> =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(3_000)]) })
    await response.body?.cancel()
    return response.status === 200
  }).pipe(Effect.orElseSucceed(() => false))
