import { assert, describe, layer } from "@effect/vitest"
import { ServiceStorage } from "@millrace/storage"
import { Effect } from "effect"
import * as Keys from "../support/Keys.ts"
import * as T from "../support/ServerUnderTest.ts"

const path = "/api/v1/keys"
const admin = { name: "owner", scopes: ["admin"] }

interface Made {
  readonly id: string
  readonly key: string
}

const make = (key: string | null, body: unknown) =>
  Effect.map(Keys.send(key, "POST", path, body), (answer) => ({ ...(answer.json as Made), status: answer.status }))

describe("KeysHandlers", () => {
  layer(T.layer(), { excludeTestServices: true })("on a server without keys", (it) => {
    it.effect("takes everything without a key, until an admin's key is made: then asks for it at once", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* Keys.send(null, "GET", "/api/v1/jobs")).status, 200)
        for (
          const more of [{ scopes: ["read"] }, { queues: ["q"] }, { tenant: "t" }, { expiresIn: "1 hour" }]
        ) {
          const refused = yield* Keys.send(null, "POST", path, { ...admin, ...more })
          assert.deepInclude(T.errorOf(refused), { tag: "InvalidRequest", field: "scopes" })
        }
        const first = yield* make(null, admin)
        assert.strictEqual(first.status, 201)
        assert.strictEqual((yield* Keys.send(null, "GET", "/api/v1/jobs")).status, 401)
        assert.strictEqual((yield* Keys.send(first.key, "GET", "/api/v1/jobs")).status, 200)
      }))
  })

  layer(T.layer({ authentication: "keys" }), { excludeTestServices: true })("with keys", (it) => {
    it.effect("answers a secret once, and stores and lists none", () =>
      Effect.gen(function*() {
        const owner = yield* Keys.create(["admin"])
        const made = yield* make(owner.text, {
          name: "mailer",
          scopes: ["enqueue", "enqueue"],
          queues: ["mail-*"],
          tenant: "acme",
          expiresIn: "30 days"
        })
        const secret = made.key.split(".")[1] ?? ""
        assert.strictEqual(secret.length, 43)
        const { json, text } = yield* Keys.send(owner.text, "GET", path)
        assert.notInclude(text, secret)
        assert.notInclude(text, "hash")
        const { items } = json as { readonly items: ReadonlyArray<Record<string, unknown>> }
        assert.deepInclude(items.find(({ id }) => id === made.id), {
          name: "mailer",
          scopes: ["enqueue"],
          queues: ["mail-*"],
          tenant: "acme",
          revokedAt: null,
          overlapUntil: null
        })
        const { keys } = yield* ServiceStorage.ServiceStorage
        assert.notInclude(JSON.stringify(yield* keys.find(made.id)), secret)
        const lines = yield* (yield* ServiceStorage.ServiceStorage).audit.list({ limit: 10 })
        assert.notInclude(JSON.stringify(lines), secret)
        assert.deepInclude(lines[0], { action: "keys.create", targets: [made.id], actor: owner.id })
      }))

    it.effect("rotates: the secret before stays good for the overlap, or for none", () =>
      Effect.gen(function*() {
        const owner = yield* Keys.create(["admin"])
        const reader = yield* make(owner.text, { name: "reader", scopes: ["read"] })
        const rotated = yield* Keys.send(owner.text, "POST", `${path}/${reader.id}/rotate`, {})
        const next = (rotated.json as Made).key
        assert.notStrictEqual(next, reader.key)
        for (const key of [reader.key, next]) {
          assert.strictEqual((yield* Keys.send(key, "GET", "/api/v1/jobs")).status, 200)
        }
        const last = yield* Keys.send(owner.text, "POST", `${path}/${reader.id}/rotate`, { overlap: "0 seconds" })
        assert.strictEqual((yield* Keys.send(next, "GET", "/api/v1/jobs")).status, 401)
        assert.strictEqual((yield* Keys.send((last.json as Made).key, "GET", "/api/v1/jobs")).status, 200)
      }))

    it.effect("revokes at once and for ever", () =>
      Effect.gen(function*() {
        const owner = yield* Keys.create(["admin"])
        const reader = yield* make(owner.text, { name: "reader", scopes: ["read"] })
        assert.strictEqual((yield* Keys.send(reader.key, "GET", "/api/v1/jobs")).status, 200)
        assert.strictEqual((yield* Keys.send(owner.text, "DELETE", `${path}/${reader.id}`)).status, 204)
        assert.strictEqual((yield* Keys.send(reader.key, "GET", "/api/v1/jobs")).status, 401)
        for (const [method, url, body] of [["DELETE", path, undefined], ["POST", path, {}]] as const) {
          const suffix = method === "POST" ? "/rotate" : ""
          const again = yield* Keys.send(owner.text, method, `${url}/${reader.id}${suffix}`, body)
          assert.strictEqual(T.errorOf(again).tag, "KeyNotFound")
        }
      }))
  })
})
