import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import * as Logging from "../src/Logging.ts"
import type { WorkerSettings } from "../src/WorkerSettings.ts"

const line = Effect.fnUntraced(function*(logFormat: WorkerSettings["logFormat"], isTerminal = false) {
  yield* Effect.logInfo("job started").pipe(
    Effect.annotateLogs({ job: "17" }),
    Effect.andThen(Effect.logDebug("unheard")),
    Effect.provide(Logging.layer({ logFormat, logLevel: "Info" }, isTerminal))
  )
  const lines = yield* TestConsole.logLines
  assert.strictEqual(lines.length, 1)
  return String(lines[0])
})

describe("Logging", () => {
  it.effect("writes JSON", () =>
    Effect.gen(function*() {
      const { annotations, level, message } = JSON.parse(yield* line("json"))
      assert.deepStrictEqual({ annotations, level, message }, {
        annotations: { job: "17" },
        level: "INFO",
        message: "job started"
      })
    }))

  it.effect("writes logfmt where nobody watches", () =>
    Effect.gen(function*() {
      assert.match(yield* line(null), /level=INFO .*message="job started" job=17/)
    }))

  it.effect("keeps a format that was asked for at a terminal", () =>
    Effect.gen(function*() {
      assert.match(yield* line("logfmt", true), /message="job started" job=17/)
    }))
})
