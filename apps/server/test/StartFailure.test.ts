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
    (cause) => StartFailure.linesOf(cause, env)
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
      assert.match(lines[0] ?? "", /; it is "mysql:\/\/localhost\/jobs"$/)
      const doubtful = ["hunter2", "redis:hunter2@h", "redis://:12#hunter2@h", "x://u:12/hunter2@h", "x://a@hunter2@h"]
      for (const cache of doubtful) {
        const [line = ""] = yield* linesFor({ DATABASE_URL: "postgres://h/d", MILLRACE_CACHE_URL: cache })
        assert.match(line, /^MILLRACE_CACHE_URL is wrong: expected the URL of a Redis/)
        assert.notInclude(line, "hunter2")
        assert.notInclude(line, "12")
      }
      const [foreign = ""] = yield* linesFor({
        DATABASE_URL: "postgres://h/d",
        MILLRACE_CACHE_URL: "http://u:hunter2@h:1/?password=hunter2"
      })
      assert.include(foreign, `; it is "http://h:1/"`)
      assert.notInclude(foreign, "hunter2")
    }))

  it("says anything else by its message, without a stack", () => {
    assert.deepStrictEqual(StartFailure.linesOf(Cause.fail(new ServerConfig.ExposedHost({ host: "::" }))).length, 1)
    assert.deepStrictEqual(StartFailure.linesOf(Cause.die(new Error("EADDRINUSE"))), ["EADDRINUSE"])
    assert.deepStrictEqual(StartFailure.linesOf(Cause.die("broken")), ["broken"])
  })
})
