import { assert, describe, it, layer } from "@effect/vitest"
import { SampleStorage } from "@millrace/storage"
import { DateTime, Effect } from "effect"
import * as StatsCommand from "../src/StatsCommand.ts"
import * as T from "./support/Terminal.ts"

const counts = {
  pending: 0,
  scheduled: 0,
  available: 7,
  running: 2,
  retryable: 1,
  completed: 0,
  cancelled: 0,
  dead: 0,
  quarantined: 0
}

const sample = {
  queue: "mail",
  spanMillis: 60_000,
  counts,
  oldestWaitingMillis: 1500,
  longestRunningMillis: null,
  completed: 40,
  cancelled: 0,
  dead: 3,
  waits: { mean: 300, p50: 250, p95: 2000, p99: 3000 },
  runs: null,
  workers: 4,
  slots: 40
}

describe("StatsCommand", () => {
  it("leaves empty what was not measured", () => {
    const text = StatsCommand.historyText({
      queue: "mail",
      from: DateTime.makeUnsafe(0),
      to: DateTime.makeUnsafe(60_000),
      stepMillis: 60_000,
      items: [{ ...sample, at: DateTime.makeUnsafe("2026-11-22T08:00:00Z"), oldestWaitingMillis: null, waits: null }]
    })
    assert.match(text, /^2026-11-22 08:00:00Z +7 +2 +1 +- +40 +3 +- +- +4$/m)
  })

  layer(T.server(), { excludeTestServices: true })("stats --history", (it) => {
    it.effect("shows depth, age, what ended and how long it took, by queue and step", () =>
      Effect.gen(function*() {
        const empty = yield* T.run("stats", "--history", "--queue", "mail")
        assert.strictEqual(empty.output, "no samples of the queue mail in this time: workers take one a minute")
        const { append } = yield* SampleStorage.SampleStorage
        yield* append([sample, { ...sample, queue: "", completed: 41 }])
        const mail = yield* T.run("stats", "--history", "--queue", "mail", "--step", "1 minute")
        assert.match(mail.output, /^AT +AVAILABLE +RUNNING +RETRYABLE +OLDEST +COMPLETED +DEAD +WAITED +RAN +WORKERS/)
        assert.match(mail.output, /Z +7 +2 +1 +1\.5 s +40 +3 +0\.3 s \/ 2\.0 s +- +4$/m)
        const all = (yield* T.ask("stats", "--history")) as {
          readonly queue: null
          readonly items: ReadonlyArray<object>
        }
        assert.isNull(all.queue)
        assert.deepInclude(all.items[0], { completed: 41 })
        const past = ["--from", "2020-01-01T00:00:00Z", "--to", "2020-01-01T01:00:00Z"]
        assert.deepInclude(yield* T.ask("stats", "--history", ...past), { items: [], from: "2020-01-01T00:00:00.000Z" })
      }))

    it.effect("says which flag is wrong", () =>
      Effect.gen(function*() {
        const step = yield* T.run("stats", "--history", "--step", "1 second")
        assert.deepStrictEqual([step.code, /--step.*1 minute to 31 days/.test(step.errors)], [2, true])
        const idle = yield* T.run("stats", "--queue", "mail")
        assert.deepStrictEqual([idle.code, /--queue.*\n?.*--history/.test(idle.errors)], [2, true])
      }))
  })
})
