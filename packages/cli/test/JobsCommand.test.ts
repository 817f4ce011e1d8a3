import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

interface Listed {
  readonly items: ReadonlyArray<{ readonly id: string; readonly state: string }>
  readonly nextCursor: string | null
}

describe("JobsCommand", () => {
  layer(T.server(), { excludeTestServices: true })("without a worker", (it) => {
    it.effect("lists jobs as a table and as JSON, filtered", () =>
      Effect.gen(function*() {
        const id = yield* T.enqueue("Echo", "{\"a\":1}", "--queue", "listed", "--tenant", "t1", "--tag", "x")
        yield* T.enqueue("Echo", "{\"a\":2}", "--queue", "listed")
        const table = yield* T.run("jobs", "list", "--queue", "listed", "--payload", "{\"a\":1}")
        assert.strictEqual(table.code, 0)
        assert.match(table.output, /^ID +NAME +STATE +QUEUE +TENANT/)
        assert.match(table.output, new RegExp(`^${id} +Echo +available +listed +t1`, "m"))
        assert.strictEqual(table.output.split("\n").length, 2)
        const json = (yield* T.ask("jobs", "ls", "--state", "available,dead", "--tag", "x")) as Listed
        assert.deepStrictEqual(json.items.map((item) => item.id), [id])
      }))

    it.effect("walks pages: one by cursor, all at once", () =>
      Effect.gen(function*() {
        for (let i = 0; i < 3; i++) yield* T.enqueue("Echo", String(i), "--queue", "pages")
        const first = (yield* T.ask("jobs", "list", "--queue", "pages", "--limit", "2")) as Listed
        assert.strictEqual(first.items.length, 2)
        const text = yield* T.run("jobs", "list", "--queue", "pages", "--limit", "2")
        assert.include(text.output, `--cursor ${first.nextCursor}`)
        const second = (yield* T.ask("jobs", "list", "--queue", "pages", "--cursor", first.nextCursor ?? "")) as Listed
        assert.strictEqual(second.items.length, 1)
        const all = (yield* T.ask("jobs", "list", "--queue", "pages", "--limit", "1", "--all")) as Listed
        assert.strictEqual(all.items.length, 3)
        assert.isNull(all.nextCursor)
      }))

    it.effect("shows a job, and explains it", () =>
      Effect.gen(function*() {
        const id = yield* T.enqueue("Echo", "{\"a\":1}", "--delay", "1 hour")
        const shown = yield* T.run("jobs", "show", id)
        assert.match(shown.output, /state +scheduled/)
        assert.include(shown.output, "{\"a\":1}")
        assert.deepInclude(yield* T.ask("jobs", "show", id), { id, attempts: [] })
        const explained = yield* T.run("jobs", "explain", id)
        assert.match(explained.output, /is scheduled\n- it is due at .*\n- no worker is alive/)
        const { reasons } = (yield* T.ask("jobs", "explain", id)) as {
          readonly reasons: ReadonlyArray<{ readonly tag: string; readonly text: string }>
        }
        assert.deepStrictEqual(reasons.map(({ tag }) => tag), ["ScheduledUntil", "NoWorker"])
        assert.strictEqual(reasons[1]?.text, "no worker is alive")
      }))

    it.effect("changes jobs that wait, and says which flag is wrong", () =>
      Effect.gen(function*() {
        const ids = [
          yield* T.enqueue("Echo", "1", "--delay", "1 hour", "--tag", "old"),
          yield* T.enqueue("Echo", "2")
        ]
        const changed = yield* T.run(
          "jobs",
          "change",
          ...ids,
          "--priority",
          "urgent",
          "--delay",
          "2 hours",
          "--tag",
          "new"
        )
        assert.match(changed.output, /scheduled/)
        for (const id of ids) {
          assert.deepInclude(yield* T.ask("jobs", "show", id), { state: "scheduled", priority: 10, tags: ["new"] })
        }
        yield* T.run("jobs", "change", ids[0] ?? "", "--no-tags", "--run-at", "2030-01-01T00:00:00Z")
        assert.deepInclude(yield* T.ask("jobs", "show", ids[0] ?? ""), {
          tags: [],
          priority: 10,
          runAt: "2030-01-01T00:00:00.000Z"
        })
        const idle = yield* T.run("jobs", "change", ids[0] ?? "")
        assert.deepStrictEqual([idle.code, /Expected priority, tags, delay or runAt/.test(idle.errors)], [2, true])
        const wrong = yield* T.run("jobs", "change", ids[0] ?? "", "--delay", "soon")
        assert.deepStrictEqual([wrong.code, /--delay/.test(wrong.errors)], [2, true])
        yield* T.run("jobs", "cancel", ids[0] ?? "")
        const ended = yield* T.run("jobs", "change", ids[0] ?? "", "--priority", "low")
        assert.deepStrictEqual([ended.code, /is cancelled/.test(ended.errors)], [1, true])
      }))

    it.effect("promotes, cancels, retries and removes, several at a time", () =>
      Effect.gen(function*() {
        const ids = [
          yield* T.enqueue("Echo", "1", "--delay", "1 hour"),
          yield* T.enqueue("Echo", "2", "--delay", "1 hour")
        ]
        const promoted = yield* T.run("jobs", "promote", ...ids)
        assert.strictEqual(promoted.output, ids.map((id) => `job ${id}: scheduled → available`).join("\n"))
        assert.deepStrictEqual(
          yield* T.ask("jobs", "cancel", ...ids),
          ids.map((id) => ({ id, from: "available", to: "cancelled" }))
        )
        assert.strictEqual((yield* T.run("jobs", "retry", ...ids)).code, 0)
        assert.deepStrictEqual(yield* T.ask("jobs", "remove", ...ids), { removed: ids })
        const gone = yield* T.run("jobs", "show", ids[0] ?? "")
        assert.strictEqual(gone.code, 1)
        assert.include(gone.errors, `There is no job ${ids[0]} (JobNotFound)`)
      }))

    it.effect("says what a job can not do, and which flag is wrong", () =>
      Effect.gen(function*() {
        const id = yield* T.enqueue("Echo", "1")
        const refused = yield* T.run("jobs", "promote", id)
        assert.strictEqual(refused.code, 1)
        assert.include(refused.errors, "can not promote")
        const state = yield* T.run("jobs", "list", "--state", "lost")
        assert.strictEqual(state.code, 2)
        assert.match(state.errors, /--state.*"lost" is no state/)
        const bad = yield* T.run("jobs", "show", "abc")
        assert.strictEqual(bad.code, 2)
        assert.include(bad.errors, "Expected a job id")
      }))
  })

  layer(T.serverAndWorker(), { excludeTestServices: true })("with a worker", (it) => {
    it.effect("watches a job until it completes", () =>
      Effect.gen(function*() {
        const id = yield* T.enqueue("Echo", "7")
        const watched = yield* T.run("jobs", "watch", id)
        assert.strictEqual(watched.code, 0)
        assert.include(watched.output.split("\n").at(-1), `job ${id} Echo: completed`)
      }))

    it.effect("ends with 1 for a job that dies, and lists its attempts and lines", () =>
      Effect.gen(function*() {
        const id = yield* T.enqueue("Doomed", "{}")
        const watched = yield* T.run("jobs", "watch", id)
        assert.strictEqual(watched.code, 1)
        assert.include(watched.errors, `Job ${id} is dead`)
        const shown = yield* T.run("jobs", "show", id)
        assert.match(shown.output, /Refused: never/)
        assert.match(shown.output, /ATTEMPT +OUTCOME/)
        const explained = yield* T.run("jobs", "explain", id)
        assert.include(explained.output, "- it is dead")
        assert.strictEqual((yield* T.run("jobs", "logs", id)).code, 0)
      }))
  })
})
