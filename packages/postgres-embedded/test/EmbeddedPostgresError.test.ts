import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as EmbeddedPostgresError from "../src/EmbeddedPostgresError.ts"

describe("EmbeddedPostgresError", () => {
  it("says what to do where there are no binaries", () => {
    const error = EmbeddedPostgresError.because(
      new EmbeddedPostgresError.UnsupportedPlatform({
        platform: "freebsd-x64",
        detail: "no package has binaries for it"
      })
    )
    assert.include(error.message, "freebsd-x64")
    assert.include(error.message, "DATABASE_URL")
  })

  it("shows the log only where there is one", () => {
    const failed = { directory: "/data", detail: "ended while starting (exit code 1)" }
    const silent = new EmbeddedPostgresError.ServerFailed({ ...failed, log: "" })
    const talking = new EmbeddedPostgresError.ServerFailed({ ...failed, log: "FATAL: no" })
    assert.strictEqual(silent.message, "PostgreSQL in /data ended while starting (exit code 1).")
    assert.isTrue(talking.message.endsWith("Last lines of its log:\nFATAL: no"))
  })

  it.effect("is handled by its reason", () =>
    Effect.gen(function*() {
      const start: Effect.Effect<string, EmbeddedPostgresError.EmbeddedPostgresError> = Effect.fail(
        EmbeddedPostgresError.because(new EmbeddedPostgresError.AlreadyRunning({ directory: "/data", pid: 7 }))
      )
      const handled = yield* start.pipe(
        Effect.catchReason("EmbeddedPostgresError", "AlreadyRunning", ({ pid }) => Effect.succeed(`held by ${pid}`))
      )
      assert.strictEqual(handled, "held by 7")
    }))
})
