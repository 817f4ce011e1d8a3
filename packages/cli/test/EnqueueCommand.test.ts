import { assert, describe, layer } from "@effect/vitest"
import { JobId, Storage } from "@millrace/storage"
import { Effect } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as T from "./support/Terminal.ts"

/** A file that is gone with the test. */
const file = (text: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "millrace-cli-"))
      Fs.writeFileSync(Path.join(folder, "jobs.ndjson"), text)
      return Path.join(folder, "jobs.ndjson")
    }),
    (path) => Effect.sync(() => Fs.rmSync(Path.dirname(path), { recursive: true }))
  )

describe("EnqueueCommand", () => {
  layer(T.serverAndWorker(), { excludeTestServices: true })("enqueue", (it) => {
    it.effect("creates a job with all its options", () =>
      Effect.gen(function*() {
        const flags = [
          ["--queue", "q1"],
          ["--tenant", "t1"],
          ["--priority", "high"],
          ["--run-at", "2100-01-01T00:00:00Z"],
          ["--unique", "k1"],
          ["--max-attempts", "3"],
          ["--timeout", "30 seconds"],
          ["--tag", "a"],
          ["--tag", "b"]
        ].flat()
        const id = yield* T.enqueue("Echo", "{\"a\":1}", ...flags)
        assert.deepInclude(yield* T.ask("jobs", "show", id), {
          payload: { a: 1 },
          queue: "q1",
          tenant: "t1",
          priority: 30,
          runAt: "2100-01-01T00:00:00.000Z",
          maxAttempts: 3,
          tags: ["a", "b"]
        })
        const again = yield* T.run("enqueue", "Echo", "{\"a\":1}", ...flags)
        assert.strictEqual(again.output, `job ${id}: duplicate`)
        const rule = ["--unique", "k2", "--unique-scope", "queue", "--unique-until", "started"]
        const held = yield* T.enqueue("Echo", "2", "--delay", "1 hour", ...rule)
        assert.strictEqual(
          (yield* T.run("enqueue", "Echo", "3", "--tenant", "t9", ...rule)).output,
          `job ${held}: duplicate`
        )
        const odd = yield* T.run("enqueue", "Echo", "3", "--unique", "k2", "--unique-until", "later")
        assert.deepStrictEqual([odd.code, /--until/.test(odd.errors)], [2, true])
        const numbered = yield* T.enqueue("Echo", "1", "--priority", "7", "--delay", "1 hour")
        assert.deepInclude(yield* T.ask("jobs", "show", numbered), { priority: 7, state: "scheduled" })
      }))

    it.effect("creates one job of those that a throttle, a debounce or an idempotency key joins", () =>
      Effect.gen(function*() {
        const outputs = (...flags: ReadonlyArray<string>) =>
          Effect.all(
            [1, 2].map((payload) =>
              Effect.map(T.run("enqueue", "Echo", String(payload), "--queue", "once", ...flags), ({ output }) =>
                output.replace(/^job \d+: /, ""))
            )
          )
        assert.deepStrictEqual(yield* outputs("--throttle", "1 hour", "--throttle-key", "a"), ["enqueued", "duplicate"])
        assert.deepStrictEqual(
          yield* outputs("--debounce", "1 hour", "--debounce-key", "b", "--max-wait", "2 hours"),
          ["enqueued", "replaced"]
        )
        const flags = ["enqueue", "Echo", "1", "--queue", "once", "--idempotency-key", "k"]
        const first = yield* T.run(...flags)
        assert.strictEqual((yield* T.run(...flags)).output, first.output)
        assert.strictEqual((yield* T.run(...flags, "--priority", "high")).code, 1)
      }))

    it.effect("creates a job with a time to live, a deadline, an order and limits", () =>
      Effect.gen(function*() {
        const times = ["--ttl", "1 hour", "--deadline", "2100-01-01T00:00:00Z"]
        const id = yield* T.enqueue("Echo", "1", ...times, "--fifo", "o1", "--limit", "smtp", "--limit", "api:acme:eu")
        const { reasons } = (yield* T.ask("jobs", "explain", id)) as { readonly reasons: ReadonlyArray<object> }
        assert.match(JSON.stringify(reasons), /"smtp".*"api"/)
        const facts = JSON.stringify(yield* (yield* Storage.Storage).inspect.explain(JobId.makeUnsafe(id)))
        for (const key of ["acme:eu", ":o1"]) assert.include(facts, `"${key}"`)
        const wrong = yield* T.run("enqueue", "Echo", "1", "--ttl", "soon")
        assert.strictEqual(wrong.code, 2)
        assert.include(wrong.errors, "--ttl")
      }))

    it.effect("lets a job wait for others, and explains that", () =>
      Effect.gen(function*() {
        const parents = [
          yield* T.enqueue("Echo", "1", "--queue", "nobody"),
          yield* T.enqueue("Echo", "2", "--queue", "nobody")
        ]
        const id = yield* T.enqueue("Echo", "3", ...parents.flatMap((parent) => ["--parent", parent]))
        assert.deepInclude(yield* T.ask("jobs", "show", id), { state: "pending" })
        const explained = yield* T.run("jobs", "explain", id)
        const states = parents.map((parent) => `${parent} (available)`).join(", ")
        assert.include(explained.output, `it waits for 2 jobs to be completed: job ${states}`)
        const wrong = yield* T.run("enqueue", "Echo", "1", "--parent", "900000000")
        assert.include(wrong.errors, "job 900000000 does not exist")
        assert.strictEqual(wrong.code, 1)
      }))

    it.effect("waits for a job, and ends as it does", () =>
      Effect.gen(function*() {
        const good = yield* T.run("enqueue", "Echo", "1", "--wait")
        assert.strictEqual(good.code, 0)
        assert.include(good.output, "completed")
        const bad = yield* T.run("enqueue", "Doomed", "--wait")
        assert.strictEqual(bad.code, 1)
        assert.include(bad.errors, "is dead")
      }))

    it.effect("creates a job for each line of a file", () =>
      Effect.gen(function*() {
        const lines = Array.from(
          { length: 1500 },
          (_, index) => ({ name: "Echo", payload: index, delay: "1 hour", queue: "file" })
        )
        const path = yield* file(lines.map((line) => JSON.stringify(line)).join("\n"))
        assert.deepStrictEqual(yield* T.ask("enqueue", "--file", path), { enqueued: 1500, duplicate: 0, replaced: 0 })
        const { items } = (yield* T.ask("jobs", "list", "--queue", "file", "--all")) as {
          readonly items: ReadonlyArray<object>
        }
        assert.strictEqual(items.length, 1500)
      }))

    it.effect("reads all lines before it creates any", () =>
      Effect.gen(function*() {
        const path = yield* file("{\"name\":\"Echo\",\"payload\":1,\"queue\":\"half\"}\n{\"payload\":1}\n")
        const refused = yield* T.run("enqueue", "--file", path)
        assert.strictEqual(refused.code, 2)
        assert.match(refused.errors, /--file: line 2 of .*name/)
        const { items } = (yield* T.ask("jobs", "list", "--queue", "half")) as { readonly items: ReadonlyArray<object> }
        assert.strictEqual(items.length, 0)
        assert.include((yield* T.run("enqueue", "--file", "/no/such/file")).errors, "can not be read")
      }))

    it.effect("names what is missing, wrong or unknown", () =>
      Effect.gen(function*() {
        const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, code: number, error: RegExp]> = [
          [[], 2, /name: is missing/],
          [["Echo", "{"], 2, /payload/],
          [["Echo", "1", "--delay", "soon"], 2, /--delay: .*Expected a duration/],
          [["Echo", "1", "--priority", "middle"], 2, /--priority: Expected urgent, high/],
          [["Echo", "1", "--max-attempts", "0"], 2, /--max-attempts/],
          [["Echo", "1", "--run-at", "tomorrow"], 2, /--run-at.*Expected an instant/],
          [["Echo", "1", "--nope"], 2, /--nope/],
          [["Nope", "1"], 1, /No job is named Nope.*\(UnknownJob\)/]
        ]
        for (const [args, code, error] of cases) {
          const ended = yield* T.run("enqueue", ...args)
          assert.strictEqual(ended.code, code, ended.errors)
          assert.match(ended.errors, error)
        }
      }))
  })
})
