/**
 * A progress bar on the standard error, for people only: with `--json`, or when nobody watches, nothing is drawn.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

/**
 * Where bars are drawn: `draw` replaces the line before. `null` where nobody watches.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Canvas extends Context.Service<Canvas, {
  readonly draw: ((line: string) => Effect.Effect<void>) | null
}>()("@millrace/cli/Progress/Canvas") {}

/**
 * Nobody watches.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerNone: Layer.Layer<Canvas> = Layer.succeed(Canvas, { draw: null })

/** How wide the bar is, in characters. */
const barWidth = 30

/** How often it is drawn again, in milliseconds. */
const redrawMillis = 100

/**
 * Draws one line of a bar: `[#####-----] 5 of 10 (50 %), 12/s, note`.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const render = (state: {
  readonly done: number
  readonly total: number
  readonly seconds: number
  readonly note: string
}): string => {
  const share = state.total <= 0 ? 1 : Math.min(1, state.done / state.total)
  const full = Math.floor(share * barWidth)
  const rate = state.seconds <= 0 ? "" : `, ${Math.round(state.done / state.seconds)}/s`
  const note = state.note === "" ? "" : `, ${state.note}`
  const bar = "#".repeat(full) + "-".repeat(barWidth - full)
  return `[${bar}] ${state.done} of ${state.total} (${Math.floor(share * 100)} %)${rate}${note}`
}

/**
 * A bar: `advance` tells that so many more are done.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Bar {
  readonly advance: (by: number, note?: string) => Effect.Effect<void>
}

/**
 * Starts a bar that counts to `total`. Closing the scope draws it a last time, and ends its line.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const start = Effect.fnUntraced(function*(total: number) {
  const { draw } = yield* Canvas
  const startedAt = yield* Clock.currentTimeMillis
  const state = yield* Ref.make({ done: 0, note: "", drawnAt: 0 })
  const paint = (end: string) =>
    draw === null ? Effect.void : Effect.gen(function*() {
      const { done, note } = yield* Ref.get(state)
      const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
      yield* draw(`\r\u001b[K${render({ done, total, seconds, note })}${end}`)
    })
  yield* Effect.addFinalizer(() => paint("\n"))
  return {
    advance: Effect.fnUntraced(function*(by: number, note = "") {
      const now = yield* Clock.currentTimeMillis
      const isDue = yield* Ref.modify(state, (before) => {
        const due = now - before.drawnAt >= redrawMillis
        return [due, { done: before.done + by, note, drawnAt: due ? now : before.drawnAt }]
      })
      if (isDue) yield* paint("")
    })
  } satisfies Bar
})
