/**
 * The beat of one registration: renews it again and again, as long as the event loop gives signs of life.
 */
import type { RenewResult } from "@millrace/storage/WorkerRecord"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Answer, Cell, Keep } from "./heart.ts"
import * as Heart from "./heart.ts"

/** What a beat works with. */
export interface Means<E> {
  readonly keep: Keep
  /** The last sign of life of the event loop. */
  readonly sign: Cell
  readonly renew: Effect.Effect<RenewResult, E>
  readonly tell: (answer: Answer) => void
  /** Called when the event loop stands still for a while, and when that has lasted too long. */
  readonly stands: (millis: number, isOver: boolean) => void
}

/** Silence of the event loop that is worth a line, in milliseconds. */
const noticeMillis = 5_000

/** Share of the pause by which renewals come early, so that those of many processes drift apart. */
const jitterShare = 0.2

/** First pause after a failure, in milliseconds; it doubles up to a quarter of the pause between two renewals. */
const againMillis = 100

/** Beats until the registration is lost. */
export const run = <E>(means: Means<E>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const silence: Silence = { told: "nothing" }
    let failures = 0
    while (true) {
      const beaten = mayRenew(means, silence) ? yield* beat(means) : "Renewed"
      if (beaten === "Lost") return
      failures = beaten === "Renewed" ? 0 : failures + 1
      yield* Effect.sleep(pauseMillis(means.keep.everyMillis, failures, yield* Random.next))
    }
  })

/** One renewal: what came of it. */
const beat = <E>({ keep, renew, tell }: Means<E>): Effect.Effect<"Renewed" | "Lost" | "Failed"> =>
  Effect.suspend(() => {
    const sentNanos = Heart.nowNanos()
    return Effect.matchCause(renew, {
      onSuccess: (result) => {
        if (result._tag === "Renewed") Heart.write(keep.sent, sentNanos)
        tell({ _tag: "Renewed", key: keep.key, sentMillis: Number(sentNanos) / 1e6, result })
        return result._tag
      },
      onFailure: (cause) => {
        tell({ _tag: "Failed", key: keep.key, detail: String(cause) })
        return "Failed"
      }
    })
  })

/** The pause after so many failures in a row; `unit` is from 0 to 1. */
export const pauseMillis = (everyMillis: number, failures: number, unit: number): number =>
  failures === 0
    ? everyMillis * (1 - jitterShare * unit)
    : Math.min(everyMillis / 4, againMillis * 2 ** Math.min(failures - 1, 30)) * (1 - jitterShare * unit)

interface Silence {
  told: "nothing" | "stands" | "over"
}

/** Does the event loop live, or did it a while ago? */
const mayRenew = <E>({ keep, sign, stands }: Means<E>, silence: Silence): boolean => {
  const silentMillis = Number(Heart.nowNanos()) / 1e6 - Heart.readMillis(sign)
  if (silentMillis < noticeMillis) silence.told = "nothing"
  else if (silentMillis >= keep.standstillMillis && silence.told !== "over") {
    silence.told = "over"
    stands(silentMillis, true)
  } else if (silence.told === "nothing") {
    silence.told = "stands"
    stands(silentMillis, false)
  }
  return silentMillis < keep.standstillMillis
}
