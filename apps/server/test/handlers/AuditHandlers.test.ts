import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Queue } from "@millrace/queue"
import { MemoryScheduleStorage } from "@millrace/storage"
import { PgMigrations, PgServiceStorage, PgStorage } from "@millrace/storage-postgres"
import { Effect, Layer } from "effect"
import * as Keys from "../support/Keys.ts"
import * as T from "../support/ServerUnderTest.ts"

const jobs = "/api/v1/jobs"
const audit = "/api/v1/audit"

interface Line {
  readonly actor: string
  readonly action: string
  readonly targets: ReadonlyArray<string>
}

interface Lines {
  readonly items: ReadonlyArray<Line>
  readonly nextCursor: string | null
}

const read = (query = "") => Effect.map(Keys.send(null, "GET", `${audit}${query}`), ({ json }) => json as Lines)

const onPostgres = () =>
  T.layerOnStorages().pipe(
    Layer.provide(MemoryScheduleStorage.layer),
    Layer.provideMerge([PgStorage.layer, PgServiceStorage.layer]),
    Layer.provideMerge(Layer.effectDiscard(PgMigrations.migrate())),
    Layer.provideMerge(Layer.fresh(TestDatabase.layer))
  )

describe("AuditHandlers", () => {
  layer(T.layer(), { excludeTestServices: true })("reading", (it) => {
    it.effect("has a line for every change, none for a refusal or a look, and pages newest first", () =>
      Effect.gen(function*() {
        const made = yield* T.post(`${jobs}/batch`, { jobs: [1, 2, 3].map((payload) => ({ name: "Echo", payload })) })
        const ids = (made.json as { readonly jobs: ReadonlyArray<{ readonly id: string }> }).jobs.map(({ id }) => id)
        yield* T.post(jobs, { name: "Nope", payload: 1 })
        yield* T.post(jobs, { wrong: true })
        yield* T.send("POST", `${jobs}/999/cancel`)
        yield* T.get(jobs)
        yield* T.send("POST", `${jobs}/${ids[0]}/cancel`)
        yield* T.send("POST", "/api/v1/queues/mail/pause")
        yield* T.send("DELETE", `${jobs}/${ids[1]}`)
        const { items, nextCursor } = yield* read()
        assert.deepStrictEqual(items.map(({ action, targets }) => [action, ...targets]), [
          ["jobs.remove", ids[1]],
          ["queues.pause", "mail"],
          ["jobs.cancel", ids[0]],
          ["jobs.createBatch", ...ids]
        ])
        assert.isTrue(items.every(({ actor }) => actor === "local"))
        assert.isNull(nextCursor)
        const first = yield* read("?limit=3")
        const second = yield* read(`?limit=3&cursor=${first.nextCursor}`)
        assert.deepStrictEqual([...first.items, ...second.items], items)
        assert.strictEqual((yield* read(`?target=${ids[0]}`)).items.length, 2)
        assert.strictEqual((yield* read("?action=queues.pause&actor=local")).items.length, 1)
        const damaged = yield* T.get(`${audit}?cursor=xyz`)
        assert.strictEqual(T.errorOf(damaged).tag, "InvalidCursor")
      }))
  })

  layer(onPostgres(), { excludeTestServices: true, timeout: 60_000 })("on PostgreSQL", (it) => {
    it.effect("commits a change and its line together, or neither", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const queue = yield* Queue.Queue
        const created = yield* T.post(jobs, { name: "Echo", payload: 1 })
        assert.strictEqual(created.status, 201)
        assert.strictEqual((yield* read()).items.length, 1)
        yield* sql.unsafe("alter table millrace.audit add constraint closed check (action <> 'jobs.create') not valid")
        const refused = yield* T.post(jobs, { name: "Echo", payload: 2 })
        assert.isAtLeast(refused.status, 500)
        assert.strictEqual((yield* queue.list({})).items.length, 1)
        assert.strictEqual((yield* T.post(`${jobs}/batch`, { jobs: [{ name: "Echo", payload: 3 }] })).status, 201)
      }))
  })
})
