import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

interface Created {
  readonly id: string
  readonly key: string
}

describe("KeysCommand", () => {
  layer(T.server(), { excludeTestServices: true })("keys", (it) => {
    it.effect("creates, uses, lists, rotates and revokes keys", () =>
      Effect.gen(function*() {
        const { url } = yield* T.Served
        const admin = (yield* T.ask("keys", "create", "admin", "--scope", "admin")) as Created
        const as = (key: string, ...args: ReadonlyArray<string>) =>
          T.runWith([...args, "--json"], { MILLRACE_URL: url, MILLRACE_KEY: key })
        const anonymous = yield* T.run("jobs", "list")
        assert.strictEqual(anonymous.code, 1)
        assert.include(anonymous.errors, "--key or MILLRACE_KEY")
        assert.strictEqual((yield* as(admin.key, "jobs", "list")).code, 0)
        const made = yield* as(
          admin.key,
          "keys",
          "create",
          "shop",
          "--scope",
          "enqueue",
          "--queue",
          "mail-*",
          "--expires-in",
          "90 days"
        )
        const { id, key } = made.json as Created
        assert.strictEqual((yield* as(key, "jobs", "list")).code, 1)
        assert.strictEqual((yield* as(key, "enqueue", "Echo", "1", "--queue", "mail-out")).code, 0)
        const listed = (yield* as(admin.key, "keys", "list")).json as ReadonlyArray<Created>
        assert.deepStrictEqual(listed.map((each) => each.id), [id, admin.id])
        const rotated = (yield* as(admin.key, "keys", "rotate", id)).json as Created
        assert.notStrictEqual(rotated.key, key)
        assert.strictEqual((yield* as(admin.key, "keys", "revoke", id)).code, 0)
        assert.strictEqual((yield* as(rotated.key, "enqueue", "Echo", "1", "--queue", "mail-out")).code, 1)
      }))
  })
})
