import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect } from "effect"
import * as ServerConfig from "../src/ServerConfig.ts"
import * as StartFailure from "../src/StartFailure.ts"

const linesFor = (env: Record<string, string>) =>
  Effect.map(
    Effect.sandbox(Effect.all([ServerConfig.server, ServerConfig.program])).pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, ServerConfig.provider(env)),
      Effect.flip
    ),
    StartFailure.linesOf
  )

describe("StartFailure", () => {
  it.effect("names the variable that is wrong, and what is expected", () =>
    Effect.gen(function*() {
      const [port] = yield* linesFor({ MILLRACE_PORT: "99999" })
      assert.match(port ?? "", /^MILLRACE_PORT is wrong: .*65535/)
      const [missing] = yield* linesFor({})
      assert.match(missing ?? "", /^DATABASE_URL is wrong: expected the URL of a PostgreSQL/)
    }))

  it.effect("does not repeat a password", () =>
    Effect.gen(function*() {
      const lines = yield* linesFor({ DATABASE_URL: "mysql://root:hunter2@localhost/jobs" })
      assert.notInclude(lines.join(), "hunter2")
    }))

  it("says anything else by its message, without a stack", () => {
    assert.deepStrictEqual(StartFailure.linesOf(Cause.fail(new ServerConfig.ExposedHost({ host: "::" }))).length, 1)
    assert.deepStrictEqual(StartFailure.linesOf(Cause.die(new Error("EADDRINUSE"))), ["EADDRINUSE"])
    assert.deepStrictEqual(StartFailure.linesOf(Cause.die("broken")), ["broken"])
  })
})
