import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { ServiceStorage } from "@millrace/storage"
import { IdempotencySuite, ServiceSuite } from "@millrace/storage-test"
import { Effect, Layer } from "effect"
import * as PgMigrations from "../src/PgMigrations.ts"
import * as PgServiceStorage from "../src/PgServiceStorage.ts"

const database = Layer.effectDiscard(PgMigrations.migrate()).pipe(Layer.provideMerge(Layer.fresh(TestDatabase.layer)))

const driver = PgServiceStorage.layer.pipe(Layer.provideMerge(database))

ServiceSuite.suite("postgres", Layer.fresh(driver))

IdempotencySuite.suite("postgres", Layer.fresh(driver))

const line = { actor: "k", action: "jobs.create", targets: ["1"], address: null, detail: {} }

layer(Layer.fresh(driver), { excludeTestServices: true, timeout: 60_000 })("PgServiceStorage", (it) => {
  it.effect("writes lines that vanish with the transaction around them", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { audit } = yield* ServiceStorage.ServiceStorage
      yield* Effect.exit(sql.withTransaction(Effect.andThen(audit.append([line]), Effect.fail("changed my mind"))))
      assert.deepStrictEqual(yield* audit.list({ limit: 9 }), [])
    }))

  it.effect("lets nobody change, delete or empty the audit of the last 30 days, not even its owner", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { audit } = yield* ServiceStorage.ServiceStorage
      yield* audit.append([line])
      for (
        const text of [
          "update millrace.audit set actor = 'somebody else'",
          "delete from millrace.audit",
          "truncate millrace.audit"
        ]
      ) {
        const error = yield* Effect.flip(sql.unsafe(text))
        assert.include(String(error.reason.cause), "append-only")
      }
      assert.strictEqual((yield* audit.list({ limit: 9 })).length, 1)
      yield* sql.unsafe(`insert into millrace.audit (at, actor, action, targets, detail)
        values (now() - interval '40 days', 'k', 'jobs.create', '{}', '{}')`)
      assert.strictEqual(yield* audit.prune(31 * 86_400_000), 1)
    }))

  it.effect("prunes the audit in parts of 10,000 lines, and refuses to drop what is younger than 30 days", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { audit } = yield* ServiceStorage.ServiceStorage
      yield* sql.unsafe(`insert into millrace.audit (at, actor, action, targets, detail)
        select now() - interval '100 days', 'k', 'jobs.create', '{}', '{}' from generate_series(1, 10005)`)
      yield* audit.append([line])
      const kept = (yield* audit.list({ limit: 1 }))[0]?.id
      assert.strictEqual(yield* audit.prune(90 * 86_400_000), 10_000)
      assert.strictEqual(yield* audit.prune(90 * 86_400_000), 5)
      assert.strictEqual(yield* audit.prune(90 * 86_400_000), 0)
      assert.strictEqual((yield* Effect.exit(audit.prune(0)))._tag, "Failure")
      assert.strictEqual((yield* audit.list({ limit: 1 }))[0]?.id, kept)
    }))

  it.effect("keeps no answer of a request whose transaction is undone", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { requests } = yield* ServiceStorage.ServiceStorage
      const request = { caller: "k", endpoint: "jobs.create", key: "undone", fingerprint: "f", keepMillis: 60_000 }
      const once = requests.once(request, Effect.succeed({ status: 201, body: "{}" }))
      yield* Effect.exit(sql.withTransaction(Effect.andThen(once, Effect.fail("changed my mind"))))
      assert.strictEqual((yield* once)._tag, "Ran")
      assert.strictEqual((yield* once)._tag, "Kept")
    }))
})
