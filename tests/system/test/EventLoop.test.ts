/**
 * A handler that computes without a pause: the event loop of its worker stands still.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import * as Harness from "../src/Harness.ts"
import * as Ledger from "../src/Ledger.ts"
import { Block } from "../src/LedgerJobs.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const leaseMillis = 3_000

const program = Effect.gen(function*() {
  const { url: database } = yield* TestDatabase.TestDatabase
  const ledger = join(yield* TestFolder.make, "ledger")
  const worker = (environment: Readonly<Record<string, string>> = {}) =>
    Harness.startWorker({
      database,
      environment: {
        MILLRACE_JOBS: Harness.ledgerJobs,
        MILLRACE_LEASE: `${leaseMillis} millis`,
        [Ledger.variable]: ledger,
        ...environment
      }
    })
  const starts = Effect.sync(() => Ledger.read(ledger).filter(({ event }) => event === "start"))
  return { worker, starts }
})

const producer = Queue.layer.pipe(Layer.provideMerge(PgStorage.layer))

layer(producer.pipe(Layer.provideMerge(TestDatabase.layer)), { excludeTestServices: true, timeout: 60_000 })(
  "a blocked event loop",
  (it) => {
    it.effect("F06: loses no lease for three times its length, and is reported", () =>
      Effect.gen(function*() {
        const { starts, worker } = yield* program
        const blocked = yield* worker()
        yield* blocked.printed(/worker ready/, "1 minute")
        const { id } = yield* Block.enqueue({ millis: 3 * leaseMillis })
        yield* Wait.until("the start", "30 seconds", starts, (entries) => entries.length === 1)
        const heir = yield* worker()
        yield* heir.printed(/worker ready/, "1 minute")
        const queue = yield* Queue.Queue
        const record = yield* Wait.until("the end", "60 seconds", queue.get(id), ({ state }) => state === "completed")
        assert.strictEqual(record.result, blocked.pid)
        assert.deepStrictEqual([record.attempt, record.crashes, record.failures], [1, 0, 0])
        assert.lengthOf(yield* starts, 1)
        yield* blocked.printed(/event loop stood still for \d+ ms/, "10 seconds")
        yield* blocked.printed(
          /event loop stands still for \d+ seconds: its leases are renewed by a thread/,
          "1 second"
        )
      }), 150_000)

    it.effect(
      "F06: is killed when it is blocked for too long and the process may be recycled; its job runs elsewhere",
      () =>
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          yield* sql`delete from millrace.worker`
          const { starts, worker } = yield* program
          const blocked = yield* worker({ MILLRACE_STANDSTILL: "6 seconds", MILLRACE_RECYCLE: "1 minute" })
          yield* blocked.printed(/worker ready/, "1 minute")
          yield* Block.enqueue({ millis: 600_000 })
          yield* Wait.until("the start", "30 seconds", starts, (entries) => entries.length === 1)
          assert.strictEqual((yield* blocked.exit).signal, "SIGKILL")
          const heir = yield* worker()
          yield* heir.printed(/worker ready/, "1 minute")
          const [first, second] = yield* Wait.until(
            "the second start",
            "60 seconds",
            starts,
            ({ length }) => length === 2
          )
          assert.deepStrictEqual([first?.pid, second?.pid], [blocked.pid, heir.pid])
        }),
      150_000
    )
  }
)
