/**
 * Tells how a long run goes on: one line that changes at a terminal, a line every fifteen seconds elsewhere.
 */
import { Effect } from "effect"

/** Where progress is told. */
export interface Live {
  /** From now on tells what this says. */
  readonly show: (line: () => string) => void
  readonly stop: Effect.Effect<void>
}

/** Starts to tell; ends with `stop`, or with the scope. */
export const make: Effect.Effect<Live> = Effect.sync(() => {
  const startedMillis = performance.now()
  const { isTTY } = process.stderr
  let tell = () => "starting"
  const print = () => {
    const line = `${((performance.now() - startedMillis) / 1_000).toFixed(0)} s: ${tell()}`
    process.stderr.write(isTTY ? `\r\u001b[2K${line.slice(0, process.stderr.columns)}` : `${line}\n`)
  }
  const timer = setInterval(print, isTTY ? 500 : 15_000)
  timer.unref()
  return {
    show: (line) => void (tell = line),
    stop: Effect.sync(() => {
      clearInterval(timer)
      if (isTTY) process.stderr.write("\r\u001b[2K")
    })
  }
})
