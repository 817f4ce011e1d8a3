import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Logger, References } from "effect"
import * as Logging from "../src/Logging.ts"

const loggersOf = (isTerminal: boolean, env: Record<string, string>) =>
  Effect.all([Effect.map(Logger.CurrentLoggers, (loggers) => [...loggers]), References.MinimumLogLevel]).pipe(
    Effect.provide(Logging.layer(isTerminal)),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  )

describe("Logging", () => {
  it.effect("writes one line per entry where no terminal is", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* loggersOf(false, {}), [[Logger.consoleLogFmt], "Info"])
    }))

  it.effect("writes as it is told", () =>
    Effect.gen(function*() {
      const told = yield* loggersOf(true, { MILLRACE_LOG: "json", MILLRACE_LOG_LEVEL: "Debug" })
      assert.deepStrictEqual(told, [[Logger.consoleJson], "Debug"])
    }))

  it.effect("refuses what it does not know", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.exit(loggersOf(true, { MILLRACE_LOG: "xml" })))._tag, "Failure")
    }))
})
