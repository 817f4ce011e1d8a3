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
      const told = yield* loggersOf(true, { MILLRACE_LOG_FORMAT: "json", MILLRACE_LOG_LEVEL: "debug" })
      assert.deepStrictEqual(told, [[Logger.consoleJson], "Debug"])
    }))

  it.effect("reads the level in any case", () =>
    Effect.gen(function*() {
      for (const level of ["error", "Error", "ERROR"]) {
        assert.deepStrictEqual((yield* loggersOf(false, { MILLRACE_LOG_LEVEL: level }))[1], "Error")
      }
    }))

  it.effect("refuses what it does not know", () =>
    Effect.gen(function*() {
      for (const env of [{ MILLRACE_LOG_FORMAT: "xml" }, { MILLRACE_LOG_LEVEL: "loud" }]) {
        assert.strictEqual((yield* Effect.exit(loggersOf(true, env)))._tag, "Failure")
      }
    }))
})
