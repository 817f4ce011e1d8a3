/**
 * Jobs that wait for others, in real processes of which one is killed.
 */
import { assert, layer } from "@effect/vitest"
import type { ApiClient } from "@millrace/api"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { JobId } from "@millrace/storage"
import { Effect } from "effect"
import { join } from "node:path"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Ledger from "../src/Ledger.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const diamonds = 30

const nap = (millis: number, parents: ReadonlyArray<JobId.JobId> = []) => ({
  name: "nap",
  payload: { millis },
  parents
})

/** One job, three that wait for it, and one that waits for those. */
const diamond = Effect.fnUntraced(function*(client: ApiClient.ApiClient) {
  const root = yield* client.jobs.create({ payload: nap(20) })
  const branches = yield* client.jobs.createBatch({ payload: { jobs: [10, 50, 90].map((ms) => nap(ms, [root.id])) } })
  const ids = branches.jobs.map(({ id }) => id)
  const last = yield* client.jobs.create({ payload: nap(10, ids) })
  return { root: root.id, branches: ids, last: last.id }
})

/** Fails unless no start of a job is before the end of its parents. */
const assertOrder = (entries: ReadonlyArray<Ledger.Entry>, id: JobId.JobId, parents: ReadonlyArray<JobId.JobId>) => {
  const first = entries.findIndex((entry) => entry.id === id && entry.event === "start")
  for (const parent of parents) {
    const ends = entries.findIndex((entry) => entry.id === parent && entry.event === "end")
    assert.isAtLeast(ends, 0, `parent ${parent} of job ${id} never ended`)
    assert.isBelow(ends, first, `job ${id} started before its parent ${parent} had ended`)
  }
}

layer(TestDatabase.layer, { excludeTestServices: true })("jobs that wait for others", (it) => {
  it.effect(
    "start after them, all of them, though a worker is killed; and end with one that does not",
    () =>
      Effect.gen(function*() {
        const { url: database } = yield* TestDatabase.TestDatabase
        const ledger = join(yield* TestFolder.make, "ledger")
        const environment = { MILLRACE_JOBS: Harness.ledgerJobs, [Ledger.variable]: ledger }
        const server = yield* Harness.startServer({ database, environment })
        const client = yield* JobClient.make(server.url)
        const workers = yield* Effect.forEach([1, 2], () => Harness.startWorker({ database, environment }))
        yield* Effect.forEach(workers, (worker) => worker.printed(/worker ready/, "1 minute"))

        const held = yield* client.jobs.create({ payload: { name: "hold", payload: {}, delay: "1 hour" } })
        const second = yield* client.jobs.create({ payload: nap(1, [held.id]) })
        const third = yield* client.jobs.create({ payload: nap(1, [second.id]) })
        const graphs = yield* Effect.forEach(Array.from({ length: diamonds }), () => diamond(client))
        const lasts = new Set<string>(graphs.map(({ last }) => last))
        const read = Effect.sync(() => Ledger.read(ledger))
        yield* Wait.until(
          "the first last job",
          "60 seconds",
          read,
          (entries) => entries.some(({ id }) => lasts.has(id))
        )
        yield* workers[0]?.kill("SIGKILL") ?? Effect.void
        yield* client.jobs.cancel({ params: { id: held.id } })

        const live = client.jobs.list({
          query: { state: ["pending", "available", "running", "retryable"], queue: ["default"], limit: 1 }
        })
        yield* Wait.until("the end of all", "90 seconds", live, ({ items }) => items.length === 0)
        const entries = yield* read
        for (const { branches, last, root } of graphs) {
          assert.strictEqual((yield* client.jobs.get({ params: { id: last } })).state, "completed")
          for (const branch of branches) assertOrder(entries, branch, [root])
          assertOrder(entries, last, branches)
        }
        for (const [id, parent] of [[second.id, held.id], [third.id, second.id]] as const) {
          const { error, state } = yield* client.jobs.get({ params: { id } })
          assert.deepStrictEqual([state, error?.message], [
            "cancelled",
            `Job ${id} waited for job ${parent}, which was cancelled`
          ])
          assert.isFalse(entries.some((entry) => entry.id === id))
        }
      }),
    240_000
  )
})
