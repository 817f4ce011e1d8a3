/**
 * Hears what asks this process to stop: Ctrl-C (SIGINT), SIGTERM, a closed terminal (SIGHUP), and the death of the npm
 * that started it, whose shell does not pass signals on.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** What was heard. `requested` completes with the reason of the first request, `urgent` at the second one. */
export interface StopSignals {
  readonly requested: Effect.Effect<string>
  readonly urgent: Effect.Effect<void>
  readonly isUrgent: () => boolean
}

/**
 * A second signal within this time, in milliseconds, is the same Ctrl-C: a terminal signals npm and this process, and
 * npm then signals this process too.
 */
export const sameMillis = 1_000

/** How often the parent is looked at, in milliseconds. */
const parentMillis = 200

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** Which request a signal is: pure, so that it can be told without waiting. */
export const kindOf = (firstAtMillis: number | null, nowMillis: number): "first" | "same" | "second" =>
  firstAtMillis === null ? "first" : nowMillis - firstAtMillis < sameMillis ? "same" : "second"

/** Listens until the process ends. */
export const listen: Effect.Effect<StopSignals> = Effect.sync(() => {
  const requested = Deferred.makeUnsafe<string>()
  const urgent = Deferred.makeUnsafe<void>()
  let firstAtMillis: number | null = null
  const hear = (reason: string): void => {
    const now = performance.now()
    const kind = kindOf(firstAtMillis, now)
    if (kind === "first") firstAtMillis = now
    if (kind === "first") Deferred.doneUnsafe(requested, Effect.succeed(reason))
    if (kind === "second") Deferred.doneUnsafe(urgent, Effect.void)
  }
  for (const signal of signals) process.on(signal, () => hear(signal))
  watchParent(() => hear("npm has ended"))
  return {
    requested: Deferred.await(requested),
    urgent: Deferred.await(urgent),
    isUrgent: () => Deferred.isDoneUnsafe(urgent)
  }
})

/** Only under npm: a program that a shell started in the background may outlive the shell. */
const watchParent = (gone: () => void): void => {
  if (process.env["npm_lifecycle_event"] === undefined || process.platform === "win32") return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    gone()
  }, parentMillis)
  timer.unref()
}
