/**
 * Who runs next, with several worker processes on one database: limits that are never exceeded whatever dies, shares
 * between stores, keys under concurrent enqueues, and attempts that go on elsewhere.
 *
 * With `MILLRACE_LONG_TESTS` set the numbers are larger and the windows longer.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Queue } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import type { Attempt, JobId } from "@millrace/storage"
import { PgStorage } from "@millrace/storage-postgres"
import { Clock, DateTime, Effect, Fiber, Layer, Logger, Random, Ref } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Jobs from "../src/AdmissionJobs.ts"
import * as Harness from "../src/Harness.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const isLong = (process.env["MILLRACE_LONG_TESTS"] ?? "") !== ""

const live = Queue.layer.pipe(
  Layer.provideMerge(PgStorage.layerMigrated()),
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(Logger.layer([]))
)

const startWorker = Effect.fnUntraced(function*(queue: string, concurrency: number, lease = "4 seconds") {
  const { url: database } = yield* TestDatabase.TestDatabase
  const worker = yield* Harness.startWorker({
    database,
    args: ["--queue", queue],
    environment: {
      MILLRACE_JOBS: Harness.admissionJobs,
      MILLRACE_CONCURRENCY: String(concurrency),
      MILLRACE_LEASE: lease,
      MILLRACE_POLL: "200 millis",
      MILLRACE_GRACE: "1 second"
    }
  })
  yield* worker.printed(/worker ready/, "1 minute")
  return worker
})

const startWorkers = (queue: string, count: number, concurrency: number) =>
  Effect.forEach(Array.from({ length: count }), () => startWorker(queue, concurrency), { concurrency: 4 })

/** Kills a worker at a random moment every few seconds, and starts another in its place. */
const killNowAndThen = (
  queue: string,
  concurrency: number,
  workers: ReadonlyArray<Harness.Proc>,
  everyMillis: number
) =>
  Effect.gen(function*() {
    const alive = [...workers]
    const kills = yield* Ref.make(0)
    const rounds = Effect.forever(Effect.gen(function*() {
      yield* Effect.sleep(everyMillis * (0.5 + (yield* Random.next)))
      const index = yield* Random.nextIntBetween(0, alive.length - 1)
      yield* alive[index]?.kill("SIGKILL") ?? Effect.void
      yield* Ref.update(kills, (count) => count + 1)
      alive[index] = yield* startWorker(queue, concurrency)
    }))
    return { kills, rounds }
  })

const historyOf = (ids: ReadonlyArray<JobId.JobId>) =>
  Effect.flatMap(Queue.Queue, (queue) =>
    Effect.map(
      Effect.forEach(ids, (id) => queue.history(id), { concurrency: 8 }),
      (histories) => histories.flat().toSorted((a, b) => millisOf(a.claimedAt) - millisOf(b.claimedAt))
    ))

const millisOf = (at: DateTime.Utc): number => DateTime.toEpochMillis(at)

const drained = (queue: string, deadline: "2 minutes" | "5 minutes") =>
  Effect.flatMap(Queue.Queue, (service) =>
    Wait.until(
      `the queue ${queue} to be empty`,
      deadline,
      service.overview,
      ({ queues }) => {
        const counts = queues.find((one) => one.queue === queue)?.counts
        return counts !== undefined && counts.available + counts.running + counts.scheduled + counts.retryable === 0
      }
    ))

const enqueueMany = <Payload>(
  job: {
    readonly enqueueAll: (
      jobs: ReadonlyArray<
        { readonly payload: Payload; readonly options: { readonly queue: string; readonly tenant: string } }
      >
    ) => Effect.Effect<ReadonlyArray<{ readonly id: JobId.JobId }>, unknown, Queue.Queue>
  },
  queue: string,
  tenant: string,
  count: number,
  payload: Payload
) =>
  Effect.map(
    job.enqueueAll(Array.from({ length: count }, () => ({ payload, options: { queue, tenant } }))),
    (results) => results.map(({ id }) => id)
  )

/** The largest excess of starts over what a bucket allows, in any window: 0 or less when it was kept. */
const excessOf = (starts: ReadonlyArray<number>, perMilli: number, burst: number): number => {
  // The least of `index - rate × time` so far bounds every window that ends here.
  let least = Infinity
  let excess = -Infinity
  starts.forEach((at, index) => {
    least = Math.min(least, index - perMilli * at)
    excess = Math.max(excess, index + 1 - perMilli * at - least - burst)
  })
  return excess
}

const startsOf = (attempts: ReadonlyArray<Attempt.Attempt>) => attempts.map(({ claimedAt }) => millisOf(claimedAt))

/** Jobs a second of as many jobs of one store, which run in the order of their enqueueing. */
const paceOfOne = Effect.fnUntraced(function*(queue: string, jobs: number) {
  const service = yield* Queue.Queue
  yield* service.pause(queue)
  for (let left = jobs; left > 0; left -= 5_000) {
    yield* enqueueMany(Jobs.Sale, queue, "only", Math.min(left, 5_000), { store: "", millis: 0 })
  }
  const resumedAt = yield* Clock.currentTimeMillis
  yield* service.resume(queue)
  yield* drained(queue, "5 minutes")
  return Math.round(jobs / ((yield* Clock.currentTimeMillis) - resumedAt) * 1_000)
})

layer(live, { excludeTestServices: true, timeout: "10 minutes" })("admission with many processes", (it) => {
  it.effect(
    "never runs six of a store at once, whichever worker is killed, and holds no slot after the drain",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const queue = yield* Queue.Queue
        const stores = ["north", "south", "east", "west"]
        const perStore = isLong ? 500 : 60
        const workers = yield* startWorkers("stock", 3, 10)
        const { kills, rounds } = yield* killNowAndThen("stock", 10, workers, 2_000)
        const killer = yield* Effect.forkScoped(rounds)
        // What runs at one instant of the database, again and again.
        const seen = yield* Ref.make(0)
        const sampler = yield* Effect.forkScoped(Effect.forever(Effect.gen(function*() {
          const rows = yield* sql<{ most: number | null }>`
          select max(n)::int as most from (
            select count(*) as n from millrace.job where state = 'running' and queue = 'stock' group by payload ->> 'store'
          ) as running`
          yield* Ref.update(seen, (most) => Math.max(most, rows[0]?.most ?? 0))
          yield* Effect.sleep("5 millis")
        })))
        const ids = yield* Effect.forEach(
          stores,
          (store) => enqueueMany(Jobs.Stock, "stock", store, perStore, { store, millis: 40 })
        )
        yield* Effect.sleep(isLong ? "20 seconds" : "4 seconds")
        yield* Fiber.interrupt(killer)
        yield* drained("stock", "5 minutes")
        yield* Fiber.interrupt(sampler)
        console.info(`at most ${yield* Ref.get(seen)} of a store ran at once, through ${yield* Ref.get(kills)} kills`)
        assert.isAtMost(yield* Ref.get(seen), 5)
        assert.isAtLeast(yield* Ref.get(seen), 2)
        const limit = (yield* queue.admission.limits).find(({ rule }) => rule.name === "per-store")
        assert.deepStrictEqual(limit?.uses ?? null, [])
        const states = new Set(
          (yield* queue.list({ ids: ids.flat().slice(0, 1_000), limit: 1_000 })).items.map(({ state }) => state)
        )
        assert.deepStrictEqual([...states], ["completed"])
      }),
    600_000
  )

  it.effect(
    "never starts more than a rate and its burst allow, in any window, whichever worker is killed",
    () =>
      Effect.gen(function*() {
        const processes = isLong ? 8 : 3
        const windowMillis = isLong ? 180_000 : 10_000
        const perMilli = 450 / 60_000
        const workers = yield* startWorkers("ask", processes, 5)
        // More work than the window can take.
        const ids = yield* enqueueMany(Jobs.Ask, "ask", "", Math.ceil(perMilli * windowMillis * 1.5) + 100, {
          store: "",
          millis: 20
        })
        const { kills, rounds } = yield* killNowAndThen("ask", 5, workers, 3_000)
        const killer = yield* Effect.forkScoped(rounds)
        yield* Effect.sleep(windowMillis)
        yield* Fiber.interrupt(killer)
        const queue = yield* Queue.Queue
        yield* queue.pause("ask")
        const starts = startsOf(yield* historyOf(ids))
        const first = starts[0] ?? 0
        const within = starts.filter((at) => at - first <= windowMillis)
        const used = (within.length - 20) / (perMilli * windowMillis)
        const minutes = within.map((at, index) => within.slice(index).filter((other) => other - at < 60_000).length)
        console.info(
          `${within.length} starts in ${windowMillis} ms are ${(used * 100).toFixed(1)} % of the rate, at most ${
            Math.max(...minutes)
          } in a minute, through ${yield* Ref.get(kills)} kills`
        )
        // Instants are whole milliseconds here: two of them may be off by one altogether.
        assert.isAtMost(excessOf(starts, perMilli, 20), perMilli * 2)
        assert.isAtMost(Math.max(...minutes), 450 + 20)
        assert.isAtLeast(used, isLong ? 0.95 : 0.5)
      }),
    600_000
  )

  it.effect(
    "gives every store its share beside one with a long backlog, and its first job at once",
    () =>
      Effect.gen(function*() {
        const backlog = isLong ? 50_000 : 5_000
        // A claim may take a hundred of a store at once: shares of fewer jobs would be those of one or two claims.
        const each = isLong ? 100 : 1_000
        const stores = ["s1", "s2", "s3", "s4"]
        yield* startWorkers("sale", 2, 10)
        // Before and after what it is compared with: processes grow faster in their first minute.
        const fifo = isLong ? yield* paceOfOne("sale", backlog) : 0
        const queue = yield* Queue.Queue
        yield* queue.pause("sale")
        const payload = { store: "", millis: 0 }
        const big = yield* Effect.map(
          Effect.forEach(
            Array.from({ length: backlog / 5_000 }),
            () => enqueueMany(Jobs.Sale, "sale", "big", 5_000, payload)
          ),
          (chunks) => chunks.flat()
        )
        const small = yield* Effect.forEach(stores, (store) => enqueueMany(Jobs.Sale, "sale", store, each, payload))
        const resumedAt = yield* Clock.currentTimeMillis
        yield* queue.resume("sale")
        yield* drained("sale", "5 minutes")
        const endedAt = yield* Clock.currentTimeMillis
        const claims = yield* Effect.forEach(small, (ids) => Effect.map(historyOf(ids), startsOf))
        const firsts = claims.map((starts) => (starts[0] ?? Infinity) - resumedAt)
        // While all have work: until the first of the small stores has none left.
        const until = Math.min(...claims.map((starts) => starts.at(-1) ?? 0))
        const bigStarts = startsOf(yield* historyOf(big.slice(0, 2 * each))).filter((at) => at <= until).length
        const counts = [bigStarts, ...claims.map((starts) => starts.filter((at) => at <= until).length)]
        const total = counts.reduce((sum, count) => sum + count, 0)
        console.info(
          `first jobs after ${firsts.join(", ")} ms; shares ${
            counts.map((count) => `${(count / total * 100).toFixed(1)} %`).join(", ")
          }; ${Math.round((backlog + 4 * each) / (endedAt - resumedAt) * 1_000)} jobs/s`
        )
        if (isLong) console.info(`first in, first out: ${fifo} and ${yield* paceOfOne("sale", backlog)} jobs/s`)
        for (const first of firsts) assert.isBelow(first, isLong ? 2_000 : 10_000)
        for (const count of counts) assert.closeTo(count / total, 0.2, 0.05)
      }),
    600_000
  )

  it.effect(
    "stores one job under 200 concurrent enqueues of a key from 4 processes, and tells all others its id",
    () =>
      Effect.gen(function*() {
        const { url: database } = yield* TestDatabase.TestDatabase
        const barrier = join(yield* TestFolder.make, "go")
        const racers = yield* Effect.forEach(
          Array.from({ length: 4 }),
          () => Harness.startScript(Harness.enqueueOnce, { database, args: [barrier] }),
          { concurrency: 4 }
        )
        yield* Effect.forEach(racers, (racer) => racer.printed(/ready/, "1 minute"), { concurrency: 4 })
        writeFileSync(barrier, "")
        const answers = yield* Effect.forEach(racers, (racer) => racer.printed(/answers (\[.*\])/, "1 minute"), {
          concurrency: 4
        })
        const results = answers.flatMap(([, json = "[]"]) =>
          JSON.parse(json) as ReadonlyArray<{ readonly _tag: string; readonly id: string }>
        )
        assert.strictEqual(results.length, 200)
        assert.strictEqual(results.filter(({ _tag }) => _tag === "Enqueued").length, 1)
        assert.strictEqual(results.filter(({ _tag }) => _tag === "Duplicate").length, 199)
        assert.strictEqual(new Set(results.map(({ id }) => id)).size, 1)
        const queue = yield* Queue.Queue
        assert.strictEqual((yield* queue.list({ names: ["only"] })).items.length, 1)
      }),
    120_000
  )

  it.effect("keeps one progression of retries when each attempt runs in another process", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const processes = isLong ? 10 : 4
      const policy = RetryPolicy.exponential({
        base: "3 seconds",
        factor: 1.2,
        jitter: "equal",
        maxAttempts: processes + 1
      })
      const { id } = yield* Jobs.Flaky.enqueue({}, { queue: "flaky", retry: policy })
      for (let failures = 1; failures <= processes; failures++) {
        const worker = yield* startWorker("flaky", 1)
        const job = yield* Wait.until(
          `failure ${failures}`,
          "1 minute",
          queue.get(id),
          (job) => job.failures >= failures
        )
        // Its next instant is on the record before it happens.
        assert.deepStrictEqual([job.state, job.failures], ["retryable", failures])
        yield* worker.kill("SIGKILL")
        yield* worker.exit
      }
      yield* startWorker("flaky", 1)
      const job = yield* Wait.until("the end", "1 minute", queue.get(id), ({ state }) => state === "dead")
      assert.strictEqual(job.failures, processes + 1)
      const history = (yield* queue.history(id)).filter(({ outcome }) => outcome === "failed")
      assert.strictEqual(new Set(history.map(({ error }) => error?.message)).size, processes + 1)
      // No attempt came earlier than the policy says for this job, whichever process decided it.
      const planned = RetryPolicy.preview(policy, { seed: id }).map(({ delayMillis }) => delayMillis)
      const gaps = history.slice(1).map((attempt, index) =>
        millisOf(attempt.claimedAt) - millisOf(history[index]?.finishedAt ?? attempt.claimedAt)
      )
      assert.strictEqual(planned.length, gaps.length)
      gaps.forEach((gap, index) => assert.isAtLeast(gap, (planned[index] ?? 0) - 1))
    }), 300_000)

  it.effect(
    "goes on after a durable sleep in another process, without what came before it",
    () =>
      Effect.gen(function*() {
        const queue = yield* Queue.Queue
        const first = yield* startWorker("nightly", 1)
        const { id } = yield* Jobs.Nightly.enqueue({ millis: 3_000 }, { queue: "nightly" })
        yield* Wait.until("the job to sleep", "1 minute", queue.get(id), ({ state }) => state === "scheduled")
        const running = yield* Effect.map(
          queue.overview,
          ({ queues }) => queues.find(({ queue }) => queue === "nightly")?.counts.running
        )
        assert.strictEqual(running, 0)
        yield* first.kill("SIGKILL")
        const second = yield* startWorker("nightly", 1)
        const job = yield* Wait.until("the end", "1 minute", queue.get(id), ({ state }) => state === "completed")
        assert.deepStrictEqual(job.result, [first.pid, second.pid])
        assert.deepStrictEqual((yield* queue.history(id)).map(({ outcome }) => outcome), ["snoozed", "completed"])
        assert.strictEqual(job.failures, 0)
      }),
    180_000
  )

  it.effect("interrupts a job at its deadline, and gives it up", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      yield* startWorker("deadline", 2)
      const deadline = DateTime.add(yield* DateTime.now, { seconds: 2 })
      const { id } = yield* Jobs.Stock.enqueue({ store: "late", millis: 600_000 }, { queue: "deadline", deadline })
      const job = yield* Wait.until("the end", "1 minute", queue.get(id), ({ state }) => state === "dead")
      assert.strictEqual(job.error?.tag, "DeadlineExceeded")
    }), 180_000)
})
