/**
 * A job that is cancelled while it runs, and a database that goes away while others do.
 */
import { assert, layer } from "@effect/vitest"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Context, Effect, Layer } from "effect"
import { join } from "node:path"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Ledger from "../src/Ledger.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const naps = 400

const make = Effect.gen(function*() {
  const { url: database } = yield* EmbeddedPostgres.EmbeddedPostgres
  const ledger = join(yield* TestFolder.make, "ledger")
  const environment = { MILLRACE_JOBS: Harness.ledgerJobs, [Ledger.variable]: ledger }
  const server = yield* Harness.startServer({ database, environment })
  const worker = yield* Harness.startWorker({ database, environment })
  yield* worker.printed(/worker ready/, "1 minute")
  const client = yield* JobClient.make(server.url)
  return { client, worker, server, ledger }
})

/** A server and a worker on the database, their client, and where the runs of jobs are written down. */
class Programs extends Context.Service<Programs, Effect.Success<typeof make>>()("Programs") {}

const system = Layer.effect(Programs, make).pipe(
  Layer.provideMerge(EmbeddedPostgres.ephemeral({ durable: true }))
)

/** The status of the answer to a GET; 0 when there is none. */
const statusOf = (url: string) => Effect.promise(() => fetch(url).then(({ status }) => status, () => 0))

/** Stops the database as an operator does. */
const restart = EmbeddedPostgres.EmbeddedPostgres.use((postgres) => postgres.restart)

/** Lets the database die, as in a power cut, and come back when the server has noticed. */
const crash = Effect.gen(function*() {
  const { server } = yield* Programs
  const postgres = yield* EmbeddedPostgres.EmbeddedPostgres
  yield* postgres.crash
  yield* Wait.until("/ready being 503", "30 seconds", statusOf(`${server.url}/ready`), (status) => status === 503)
  assert.strictEqual(yield* statusOf(`${server.url}/health`), 200)
  yield* postgres.start
})

layer(system, { excludeTestServices: true, timeout: "2 minutes" })("a running system", (it) => {
  it.effect("runs the finalizer of a job that is cancelled over HTTP before the job is", () =>
    Effect.gen(function*() {
      const { client, ledger } = yield* Programs
      const id = yield* JobClient.create(client, "hold", {})
      yield* JobClient.inState(client, id, ["running"], "30 seconds")
      const answer = yield* client.jobs.cancel({ params: { id } })
      assert.deepInclude(answer, { from: "running", to: "requested" })
      yield* JobClient.inState(client, id, ["cancelled"], "30 seconds")
      const events = Ledger.read(ledger).filter((entry) => entry.id === id)
      assert.deepStrictEqual(events.map(({ event }) => event), ["start", "finalizer"])
      const { items } = yield* client.jobs.attempts({ params: { id } })
      assert.deepStrictEqual(items.map(({ outcome }) => outcome), ["cancelled"])
    }), 90_000)

  for (const [how, fault] of [["restart", restart], ["crash", crash]] as const) {
    it.effect(
      `runs every job once through a ${how} of the database, and recovers by itself`,
      () =>
        Effect.gen(function*() {
          const { client, ledger, server, worker } = yield* Programs
          const jobs = Array.from({ length: naps }, () => ({ name: "nap", payload: { millis: 50 } }))
          const created = yield* client.jobs.createBatch({ payload: { jobs } })
          const ids = new Set<string>(created.jobs.map(({ id }) => id))
          const events = (event: Ledger.Entry["event"]) =>
            Ledger.read(ledger).filter((entry) => entry.event === event && ids.has(entry.id))
          yield* Wait.until(
            "work under way",
            "30 seconds",
            Effect.sync(() => events("end")),
            (ended) => ended.length > naps / 10
          )
          yield* fault
          assert.isBelow(events("end").length, naps)

          const unfinished = client.jobs.list({ query: { state: ["available", "running", "retryable"], limit: 1 } })
          yield* Wait.until("the last job", "60 seconds", unfinished, ({ items }) => items.length === 0)
          const views = yield* Effect.forEach(created.jobs, ({ id }) => client.jobs.get({ params: { id } }), {
            concurrency: 8
          })
          assert.deepStrictEqual(views.filter(({ attempt, state }) => state !== "completed" || attempt !== 1), [])
          // No second start either: the worker lived, so it settled what it ran as soon as it could.
          assert.deepStrictEqual(events("start").map(({ id }) => id).toSorted(), [...ids].toSorted())
          assert.deepStrictEqual([...new Set(events("start").map(({ pid }) => pid))], [worker.pid])
          assert.strictEqual(yield* statusOf(`${server.url}/ready`), 200)
        }),
      120_000
    )
  }
})
