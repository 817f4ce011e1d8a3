import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as TestServer from "../src/internal/testServer.ts"
import setup from "../src/TestGlobalSetup.ts"

const withEnvironment = (env: Readonly<Record<string, string>>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

const find = (env: Readonly<Record<string, string>>) =>
  TestServer.find.pipe(withEnvironment(env), Effect.provide(FetchHttpClient.layer))

/** Runs the set-up as vitest does, and returns the address it announced. */
const announced = Effect.acquireRelease(
  Effect.promise(() => {
    const before = { ...process.env }
    delete process.env[TestServer.databaseUrlVariable]
    return setup().then((tearDown) => {
      const broker = process.env[TestServer.brokerUrlVariable] ?? ""
      process.env = before
      return { broker, tearDown }
    })
  }),
  ({ tearDown }) => Effect.promise(tearDown)
)

describe("TestGlobalSetup", () => {
  it.live("boots one server for all who ask, and none but those who know its address", () =>
    Effect.gen(function*() {
      const { broker } = yield* announced
      const env = { [TestServer.brokerUrlVariable]: broker }
      const [first, second] = yield* Effect.all([find(env), find(env)], { concurrency: 2 })
      const url = Option.getOrThrow(first)
      assert.strictEqual(Redacted.value(url), Redacted.value(Option.getOrThrow(second)))
      const rows = yield* PgClient.PgClient.use((sql) => sql`select 1 as one`).pipe(
        Effect.provide(PgClient.layer({ url }))
      )
      assert.deepStrictEqual(rows, [{ one: 1 }])
      const guessed = yield* Effect.flip(find({ [TestServer.brokerUrlVariable]: new URL("/guess", broker).href }))
      assert.strictEqual(guessed.reason._tag, "SystemFailed")
    }))

  it.live("gives way to an installed server", () =>
    Effect.gen(function*() {
      const env = { [TestServer.databaseUrlVariable]: "postgres://me@db/x", [TestServer.brokerUrlVariable]: "http://b" }
      const found = yield* find(env)
      assert.strictEqual(Redacted.value(Option.getOrThrow(found)), "postgres://me@db/x")
    }))

  it.live("finds nothing outside a test run", () =>
    Effect.gen(function*() {
      assert.isTrue(Option.isNone(yield* find({})))
    }))
})
