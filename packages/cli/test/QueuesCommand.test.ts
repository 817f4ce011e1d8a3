import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

describe("QueuesCommand", () => {
  layer(T.serverAndWorker(), { excludeTestServices: true })("queues, workers, stats", (it) => {
    it.effect("lists queues with their counts, and pauses and resumes them", () =>
      Effect.gen(function*() {
        yield* T.enqueue("Echo", "1", "--queue", "held", "--delay", "1 hour")
        const paused = yield* T.run("queues", "pause", "held", "other")
        assert.strictEqual(paused.output, "queue held: paused\nqueue other: paused")
        const table = yield* T.run("queues")
        assert.match(table.output, /^QUEUE +PAUSED +PENDING +SCHEDULED/)
        assert.match(table.output, /^held +yes +0 +1/m)
        assert.deepStrictEqual(yield* T.ask("queues", "resume", "held"), [{ name: "held", paused: false }])
        const queues = (yield* T.ask("queues", "list")) as ReadonlyArray<
          { readonly name: string; readonly paused: boolean }
        >
        assert.deepInclude(queues.find((queue) => queue.name === "other"), { paused: true })
        assert.strictEqual((yield* T.run("queues", "pause")).code, 2)
      }))

    it.effect("lists workers and counts", () =>
      Effect.gen(function*() {
        const workers = (yield* T.ask("workers")) as ReadonlyArray<{ readonly names: ReadonlyArray<string> }>
        assert.sameMembers([...workers[0]?.names ?? []], ["Echo", "Doomed"])
        assert.match((yield* T.run("workers")).output, /^WORKER +HOST +PID/)
        const stats = yield* T.run("stats")
        assert.match(stats.output, /scheduled +1/)
        assert.match(stats.output, /workers +1 \(0 active, 1 idle\)/)
        assert.deepInclude((yield* T.ask("stats")) as object, {
          workers: { total: 1, active: 0, idle: 1, slots: 10, running: 0 }
        })
      }))
  })
})
