import { assert, describe, it } from "@effect/vitest"
import { EmbeddedPostgresError } from "@millrace/postgres-embedded"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as DatabaseKeeper from "../src/DatabaseKeeper.ts"

const failure = EmbeddedPostgresError.because(
  new EmbeddedPostgresError.ServerFailed({ directory: "data", detail: "ended while starting", log: "" })
)

/** A server that starts at the given try, from 1, after it was ended. */
const fake = (startsAt: number) => {
  let pid: number | undefined = 1
  let starts = 0
  return {
    end: () => {
      pid = undefined
      starts = 0
    },
    starts: () => starts,
    server: {
      pid: Effect.sync(() => pid),
      start: Effect.suspend(() => {
        starts++
        if (starts < startsAt) return Effect.fail(failure)
        pid = 1
        return Effect.void
      })
    }
  }
}

const run = Effect.fnUntraced(function*(startsAt: number) {
  const lines: Array<string> = []
  const postgres = fake(startsAt)
  yield* Effect.forkScoped(
    DatabaseKeeper.keep(postgres.server, { text: () => undefined, line: (_, text) => void lines.push(text) })
  )
  yield* TestClock.adjust("1 minute")
  return { lines, postgres }
})

describe("DatabaseKeeper", () => {
  it.effect("leaves a server alone that is there", () =>
    Effect.gen(function*() {
      const { lines, postgres } = yield* run(1)
      assert.strictEqual(postgres.starts(), 0)
      assert.deepStrictEqual(lines, [])
    }))

  it.effect("starts a server again that has ended, every time", () =>
    Effect.gen(function*() {
      const { lines, postgres } = yield* run(1)
      for (const _ of [1, 2]) {
        postgres.end()
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(postgres.starts(), 1)
      }
      assert.deepStrictEqual(lines, [
        "PostgreSQL ended; starting it again in 500ms",
        "PostgreSQL ended; starting it again in 500ms"
      ])
    }))

  it.effect("tries again with a growing pause, and says why it did not start", () =>
    Effect.gen(function*() {
      const { lines, postgres } = yield* run(3)
      postgres.end()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(postgres.starts(), 3)
      assert.include(lines[1], "PostgreSQL did not start: PostgreSQL in data ended while starting")
      assert.include(lines[2], "in 1s")
    }))
})
