/**
 * Workers that are killed, and workers that come back from the dead.
 */
import { assert, layer } from "@effect/vitest"
import type { ApiClient } from "@millrace/api"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { JobId, Outcome } from "@millrace/storage"
import { PgStorage } from "@millrace/storage-postgres"
import { Clock, Effect } from "effect"
import { join } from "node:path"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Ledger from "../src/Ledger.ts"
import * as Promised from "../src/Promised.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

/** From the death of a worker to the next start of its job, with the default lease of twelve seconds. */
const longestMillis = 20_000

/** Creates a job, and waits until the worker of its queue runs it. */
const running = Effect.fnUntraced(function*(
  client: ApiClient.ApiClient,
  file: string,
  job: { readonly name: string; readonly queue: string; readonly payload: { readonly millis?: number } }
) {
  const { id } = yield* client.jobs.create({ payload: job })
  return yield* started(file, id, 1)
})

const started = (file: string, id: JobId.JobId | string, attempt: number) =>
  Effect.map(
    Wait.until(
      `attempt ${attempt} of job ${id}`,
      "60 seconds",
      Effect.sync(() => Ledger.read(file).filter((entry) => entry.event === "start" && entry.id === id)),
      (entries) => entries.some((entry) => entry.attempt === attempt)
    ),
    (entries) => ({ entry: entries.find((entry) => entry.attempt === attempt), count: entries.length })
  ).pipe(Effect.flatMap(({ count, entry }) =>
    entry === undefined ? Effect.die("no entry") : Effect.succeed({ ...entry, count })
  ))

/** The settlement that the owner of an entry would write now. */
const settlementOf = (entry: Ledger.Entry): Outcome.Settlement => ({
  id: entry.id as JobId.JobId,
  token: entry.token,
  leaseId: entry.leaseId,
  outcome: { _tag: "Completed", result: -1 },
  startedAfterMillis: 0,
  endedAfterMillis: 1,
  uniqueKey: null,
  hasReport: false
})

const environmentOf = (ledger: string) => ({ MILLRACE_JOBS: Harness.ledgerJobs, [Ledger.variable]: ledger })

layer(TestDatabase.layer, { excludeTestServices: true })("a dead worker", (it) => {
  it.effect(
    "F01, F02: has its job run elsewhere, and whatever it still says changes nothing",
    () =>
      Effect.gen(function*() {
        const { url: database } = yield* TestDatabase.TestDatabase
        const ledger = join(yield* TestFolder.make, "ledger")
        const environment = environmentOf(ledger)
        const server = yield* Harness.startServer({ database, environment })
        const client = yield* JobClient.make(server.url)
        const storage = yield* PgStorage.make()
        const worker = (...queues: ReadonlyArray<string>) =>
          Harness.startWorker({ database, environment, args: queues.flatMap((queue) => ["--queue", queue]) })

        const killed = yield* worker("left")
        const frozen = yield* worker("right")
        const held = yield* running(client, ledger, { name: "hold", queue: "left", payload: {} })
        const napping = yield* running(client, ledger, { name: "nap", queue: "right", payload: { millis: 2_000 } })
        // Before its nap is over: it is to end when the worker wakes up.
        yield* frozen.kill("SIGSTOP")
        assert.deepStrictEqual([held.pid, napping.pid], [killed.pid, frozen.pid])
        const heir = yield* worker("left", "right")
        yield* heir.printed(/worker ready/, "1 minute")

        const diedAt = yield* Clock.currentTimeMillis
        yield* killed.kill("SIGKILL")
        const inherited = yield* Effect.forEach([held, napping], ({ id }) => started(ledger, id, 2), { concurrency: 2 })
        assert.deepStrictEqual(inherited.map(({ pid }) => pid), [heir.pid, heir.pid])
        const millis = (inherited[0]?.atMillis ?? Number.NaN) - diedAt
        Promised.within("the job of a killed worker started again", millis, longestMillis)
        const finished = yield* Effect.forEach(
          [held, napping],
          ({ id }) => JobClient.inState(client, id as JobId.JobId, ["completed"], "30 seconds")
        )
        assert.deepStrictEqual(
          finished.map(({ result }) => result),
          [2, heir.pid]
        )

        // What the dead would write now is refused.
        for (const entry of [held, napping]) {
          const { items: [first, second] } = yield* client.jobs.attempts({ params: { id: entry.id as JobId.JobId } })
          assert.deepStrictEqual([first?.outcome, second?.outcome], ["crashed", "completed"])
          assert.deepStrictEqual(yield* storage.settle(first?.workerId ?? "", [settlementOf(entry)]), ["LeaseLost"])
        }

        // The frozen one wakes with an attempt that is over, tries what it tries, and works again under a new id.
        const before = yield* client.jobs.attempts({ params: { id: napping.id as JobId.JobId } })
        yield* frozen.kill("SIGCONT")
        const lost = before.items[0]?.workerId
        yield* Wait.until("the worker that woke up", "60 seconds", storage.overview, ({ workers }) =>
          workers.some(({ id, info }) =>
            info.pid === frozen.pid && id !== lost
          ))
        const { id } = yield* client.jobs.create({ payload: { name: "count", queue: "right", payload: { n: 7 } } })
        yield* JobClient.inState(client, id, ["completed"], "30 seconds")
        const [left, right] = yield* Effect.forEach([held, napping], ({ id }) =>
          client.jobs.get({ params: { id: id as JobId.JobId } }))
        assert.deepStrictEqual([left?.result, right?.result], [2, heir.pid])
        assert.deepStrictEqual(yield* client.jobs.attempts({ params: { id: napping.id as JobId.JobId } }), before)
        assert.strictEqual((yield* started(ledger, napping.id, 2)).count, 2)
      }),
    150_000
  )
})
