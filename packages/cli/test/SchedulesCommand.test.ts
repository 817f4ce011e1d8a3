import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

const create = (name: string, ...flags: ReadonlyArray<string>) =>
  T.run("schedules", "create", name, "--job", "Echo", "--payload", "{\"a\":1}", ...flags)

describe("SchedulesCommand", () => {
  layer(T.server(), { excludeTestServices: true })("schedules", (it) => {
    it.effect("creates, lists, shows and changes", () =>
      Effect.gen(function*() {
        const created = yield* create(
          "nightly",
          "--cron",
          "30 2 * * *",
          "--time-zone",
          "Europe/Berlin",
          "--jitter",
          "5 seconds"
        )
        assert.strictEqual(created.code, 0, created.errors)
        assert.match(created.output, /when +30 2 \* \* \* \(Europe\/Berlin\)/)
        const listed = yield* T.run("schedules", "list")
        assert.match(listed.output, /^nightly +30 2/m)
        assert.deepInclude(yield* T.ask("schedules", "show", "nightly"), {
          jitterMillis: 5000,
          overlap: "queue",
          ticks: []
        })
        assert.deepInclude(
          yield* T.ask("schedules", "change", "nightly", "--every", "15 minutes", "--overlap", "skip"),
          {
            cron: null,
            everyMillis: 900_000,
            overlap: "skip"
          }
        )
      }))

    it.effect("pauses, resumes, triggers and removes", () =>
      Effect.gen(function*() {
        yield* create("steered", "--every", "1 hour")
        assert.deepInclude(yield* T.ask("schedules", "pause", "steered"), { paused: true })
        assert.match((yield* T.run("schedules", "list", "--paused")).output, /steered/)
        assert.deepInclude(yield* T.ask("schedules", "resume", "steered"), { paused: false })
        assert.match((yield* T.run("schedules", "trigger", "steered")).output, /^schedule steered: fired, job \d+$/)
        const { items } = (yield* T.ask("schedules", "ticks", "steered")) as { readonly items: ReadonlyArray<object> }
        assert.strictEqual(items.length, 1)
        assert.match((yield* T.run("schedules", "show", "steered")).output, /trigger +fired/)
        assert.deepStrictEqual(yield* T.ask("schedules", "remove", "steered"), { removed: "steered" })
        const gone = yield* T.run("schedules", "show", "steered")
        assert.strictEqual(gone.code, 1)
        assert.include(gone.errors, "ScheduleNotFound")
      }))

    it.effect("previews a timing and a schedule, and fills a window", () =>
      Effect.gen(function*() {
        const after = ["--after", "2026-10-24T12:00:00Z", "--count", "2"]
        const preview = yield* T.run("schedules", "preview", "--cron", "0 6 * * *", ...after)
        assert.strictEqual(preview.output, "2026-10-25 06:00:00Z\n2026-10-26 06:00:00Z")
        yield* create("filled", "--every", "1 hour")
        assert.strictEqual(
          ((yield* T.ask("schedules", "preview", "filled", "--count", "3")) as ReadonlyArray<string>).length,
          3
        )
        const window = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T02:00:00Z"]
        assert.strictEqual(
          ((yield* T.ask("schedules", "backfill", "filled", ...window)) as ReadonlyArray<object>).length,
          2
        )
        assert.strictEqual((yield* T.run("schedules", "backfill", "filled", ...window)).output, "nothing to fill")
      }))

    it.effect("says what is wrong with a rule", () =>
      Effect.gen(function*() {
        const cron = yield* create("wrong", "--cron", "61 * * * *")
        assert.strictEqual(cron.code, 1)
        assert.match(cron.errors, /cron at position 0.*\(InvalidSchedule\)/)
        const jitter = yield* create("wrong", "--every", "1 hour", "--jitter", "forever")
        assert.strictEqual(jitter.code, 2)
        assert.match(jitter.errors, /--jitter: Expected a duration/)
        const overlap = yield* create("wrong", "--every", "1 hour", "--overlap", "wait")
        assert.match(overlap.errors, /--overlap/)
      }))
  })
})
