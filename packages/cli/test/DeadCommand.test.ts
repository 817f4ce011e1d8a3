import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

const die = Effect.fnUntraced(function*(...flags: ReadonlyArray<string>) {
  const id = yield* T.enqueue("Doomed", "{}", ...flags)
  yield* T.run("jobs", "watch", id)
  return id
})

interface Listed {
  readonly items: ReadonlyArray<{ readonly id: string; readonly state: string }>
}

describe("DeadCommand", () => {
  layer(T.serverAndWorker(), { excludeTestServices: true })("dead", (it) => {
    it.effect("lists dead jobs only", () =>
      Effect.gen(function*() {
        const id = yield* die("--tag", "listed")
        yield* T.enqueue("Doomed", "{}", "--delay", "1 hour", "--tag", "listed")
        const { items } = (yield* T.ask("dead", "list", "--tag", "listed")) as Listed
        assert.deepStrictEqual(items.map((item) => item.id), [id])
        assert.include((yield* T.run("dead", "list", "--tag", "listed")).output, "Refused")
      }))

    it.effect("looks first, then redrives the oldest at a pace", () =>
      Effect.gen(function*() {
        const ids = [yield* die("--tag", "again"), yield* die("--tag", "again"), yield* die("--tag", "again")]
        yield* T.run("queues", "pause", "default")
        const dry = (yield* T.ask("dead", "redrive", "--tag", "again", "--dry-run")) as Listed["items"]
        assert.deepStrictEqual(dry.map((item) => item.id), ids)
        const before = Date.now()
        assert.deepStrictEqual(yield* T.ask("dead", "redrive", "--tag", "again", "--limit", "2", "--rate", "10"), {
          redriven: 2,
          refused: 0
        })
        assert.isAtLeast(Date.now() - before, 95)
        const { items } = (yield* T.ask("jobs", "list", "--tag", "again")) as Listed
        assert.deepStrictEqual(items.map(({ id, state }) => [id, state]), [
          [ids[2], "dead"],
          [ids[1], "available"],
          [ids[0], "available"]
        ])
        const rest = yield* T.run("dead", "redrive", "--tag", "again")
        assert.strictEqual(rest.output, "1 redriven, 0 no longer dead")
        assert.strictEqual((yield* T.run("dead", "redrive", "--rate", "0")).code, 2)
        yield* T.run("queues", "resume", "default")
      }))
  })
})
