/**
 * Ten thousand jobs and two workers that compete for them.
 */
import { assert, layer } from "@effect/vitest"
import type { ApiClient, JobView } from "@millrace/api"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Effect } from "effect"
import { join } from "node:path"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Ledger from "../src/Ledger.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const batches = 10
const batchSize = 1_000
const sampleEvery = 100

/** Creates all jobs; the answer is their ids. */
const createAll = (client: ApiClient.ApiClient) =>
  Effect.map(
    Effect.forEach(Array.from({ length: batches }).keys(), (batch) =>
      client.jobs.createBatch({
        payload: {
          jobs: Array.from({ length: batchSize }, (_, at) => ({
            name: "count",
            payload: { n: batch * batchSize + at },
            tenant: `store-${at % 7}`
          }))
        }
      })),
    (answers) => answers.flatMap(({ jobs }) => jobs.map(({ id }) => id))
  )

/** Millrace's own upkeep runs in a queue of its own. */
const queue = ["default"]

/** All jobs, page by page. */
const listAll = Effect.fnUntraced(function*(client: ApiClient.ApiClient) {
  const jobs: Array<JobView.JobView> = []
  let cursor: string | null = null
  do {
    const query: { readonly limit: number; readonly queue: ReadonlyArray<string>; readonly cursor?: string } = {
      limit: 200,
      queue,
      ...(cursor === null ? {} : { cursor })
    }
    const page: { readonly items: ReadonlyArray<JobView.JobView>; readonly nextCursor: string | null } = yield* client
      .jobs.list({ query })
    jobs.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return jobs
})

layer(TestDatabase.layer, { excludeTestServices: true })("two workers", (it) => {
  it.effect("complete each of ten thousand jobs exactly once", () =>
    Effect.gen(function*() {
      const { url: database } = yield* TestDatabase.TestDatabase
      const ledger = join(yield* TestFolder.make, "ledger")
      const environment = { MILLRACE_JOBS: Harness.ledgerJobs, [Ledger.variable]: ledger }
      const server = yield* Harness.startServer({ database, environment })
      const client = yield* JobClient.make(server.url)
      const workers = yield* Effect.forEach([1, 2], () => Harness.startWorker({ database, environment }))
      yield* Effect.forEach(workers, (worker) => worker.printed(/worker ready/, "1 minute"))

      const ids = yield* createAll(client)
      const unfinished = client.jobs.list({
        query: { state: ["available", "running", "retryable", "scheduled"], queue, limit: 1 }
      })
      yield* Wait.until("the last job", "90 seconds", unfinished, ({ items }) => items.length === 0)

      const starts = Ledger.read(ledger)
      assert.strictEqual(starts.length, batches * batchSize)
      assert.deepStrictEqual(starts.map(({ id }) => id).toSorted(), ids.toSorted())
      assert.sameMembers([...new Set(starts.map(({ pid }) => pid))], workers.map(({ pid }) => pid))

      const jobs = yield* listAll(client)
      assert.strictEqual(jobs.length, batches * batchSize)
      assert.deepStrictEqual(jobs.filter(({ attempt, state }) => state !== "completed" || attempt !== 1), [])
      assert.deepStrictEqual(
        jobs.map(({ result }) => Number(result)).toSorted((one, other) => one - other),
        Array.from({ length: batches * batchSize }).map((_, n) => n)
      )
      const sample = ids.filter((_, at) => at % sampleEvery === 0)
      const histories = yield* Effect.forEach(sample, (id) => client.jobs.attempts({ params: { id } }), {
        concurrency: 4
      })
      assert.deepStrictEqual(
        histories.filter(({ items }) => items.length !== 1 || items[0]?.outcome !== "completed"),
        []
      )
    }), 150_000)
})
