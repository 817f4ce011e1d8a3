import { assert, describe, layer } from "@effect/vitest"
import { Limit, Queue } from "@millrace/queue"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

const declare = Effect.flatMap(Queue.Queue, (queue) =>
  queue.admission.declare([
    Limit.concurrency("per-store", { max: 5 }),
    Limit.rate("mail-api", { permits: 450, per: "1 minute", burst: 20 })
  ]))

describe("AdmissionCommand", () => {
  layer(T.server(), { excludeTestServices: true })("limits, tenants, kinds", (it) => {
    it.effect("lists, overrides, clears, pauses and resumes limits", () =>
      Effect.gen(function*() {
        yield* declare
        const table = yield* T.run("limits")
        assert.match(table.output, /^mail-api +rate +450 in 60 s, burst 20/m)
        assert.match(table.output, /^per-store +concurrency +5 at a time/m)
        const overridden = yield* T.run(
          "limits",
          "override",
          "per-store",
          "--key",
          "s1",
          "--max",
          "50",
          "--during",
          "1 hour"
        )
        assert.match(overridden.output, /override for s1: \{"max":50.*until/)
        assert.deepInclude(yield* T.ask("limits", "clear", "per-store", "--key", "s1"), { cleared: "per-store" })
        assert.strictEqual((yield* T.run("limits", "pause", "mail-api", "--during", "30 seconds")).code, 0)
        assert.match((yield* T.run("limits", "list")).output, /^mail-api .* all /m)
        assert.deepInclude(yield* T.ask("limits", "resume", "mail-api"), { pauses: [] })
        const nope = yield* T.run("limits", "show", "nope")
        assert.strictEqual(nope.code, 1)
        assert.include(nope.errors, "LimitNotFound")
        assert.match((yield* T.run("limits", "pause", "mail-api", "--during", "long")).errors, /--during/)
      }))

    it.effect("lists, weighs, pauses and resumes tenants", () =>
      Effect.gen(function*() {
        yield* T.enqueue("Echo", "1", "--tenant", "t1")
        assert.strictEqual((yield* T.run("tenants", "weight", "t1", "3")).output, "tenant t1: weight 3")
        assert.strictEqual((yield* T.run("tenants", "pause", "t1")).output, "tenant t1: paused")
        assert.match((yield* T.run("tenants", "list")).output, /^t1 +1 +0 +3 +\d{4}-/m)
        assert.strictEqual((yield* T.run("tenants", "resume", "t1")).output, "tenant t1: resumed")
        assert.strictEqual((yield* T.run("tenants", "weight", "t1", "none")).output, "tenant t1: weight as everyone")
        const wrong = yield* T.run("tenants", "weight", "t1", "much")
        assert.strictEqual(wrong.code, 2)
        assert.match(wrong.errors, /--weight/)
      }))

    it.effect("lists, pauses and resumes kinds of jobs", () =>
      Effect.gen(function*() {
        assert.match((yield* T.run("kinds", "list")).output, /^Echo +module +default/m)
        assert.strictEqual((yield* T.run("kinds", "pause", "Echo")).output, "kind Echo: paused")
        const id = yield* T.enqueue("Echo", "1")
        assert.match((yield* T.run("jobs", "explain", id)).output, /the job Echo is paused since/)
        assert.strictEqual((yield* T.run("kinds", "resume", "Echo")).output, "kind Echo: resumed")
      }))
  })
})
