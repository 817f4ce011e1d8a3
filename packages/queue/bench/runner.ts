/**
 * What one no-op job costs in JavaScript: claim, decode, run, settle, over a storage that costs nothing.
 *
 * Run with `node packages/queue/bench/runner.ts [jobs] [rounds]`. The storage hands out claims from memory and answers
 * every settlement at once, so the time per job is that of the queue package alone. CPU time is the process's user time.
 */
import type { Claim } from "@millrace/storage/Claim"
import * as JobId from "@millrace/storage/JobId"
import { Storage } from "@millrace/storage/Storage"
import { Deferred, Effect, Layer, References, Schema, Stream } from "effect"
import { performance } from "node:perf_hooks"
import * as Job from "../src/Job.ts"
import * as Worker from "../src/Worker.ts"

const jobs = Number(process.argv[2] ?? 200_000)
const rounds = Number(process.argv[3] ?? 5)

const claimOf = (number: number): Claim => ({
  id: JobId.makeUnsafe(number),
  leaseId: "1",
  token: 1,
  name: "NoOp",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: { userId: "ada" },
  attempt: 1,
  failures: 0,
  crashes: 0,
  maxAttempts: 25,
  timeoutMillis: null,
  retry: null,
  uniqueKey: null,
  limits: [],
  tags: [],
  createdAtMillis: 0,
  hasReport: false
})

interface Counts {
  claimed: number
  settled: number
  claims: number
  settles: number
}

const stub = (counts: Counts, done: Deferred.Deferred<void>) =>
  Layer.succeed(
    Storage,
    Storage.of({
      capabilities: { durable: false, transaction: null },
      insert: () => Effect.succeed([]),
      claim: ({ limit }) =>
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => {
            const size = Math.min(limit, jobs - counts.claimed)
            const claims = Array.from({ length: size }, (_, index) => claimOf(counts.claimed + index + 1))
            counts.claimed += size
            counts.claims += 1
            return claims
          })
        ),
      report: (_, reports) => Effect.succeed(reports.map(() => "Applied" as const)),
      settle: (_, settlements) =>
        Effect.andThen(
          Effect.yieldNow,
          Effect.suspend(() => {
            counts.settled += settlements.length
            counts.settles += 1
            const answer = settlements.map(() => "Applied" as const)
            return counts.settled >= jobs
              ? Effect.as(Deferred.succeed(done, undefined), answer)
              : Effect.succeed(answer)
          })
        ),
      renew: () => Effect.succeed({ _tag: "Renewed", cancellations: [], suspects: false }),
      promote: () => Effect.succeed({ count: 0, queues: [], nextDueMillis: null }),
      reclaim: () => Effect.succeed([]),
      transition: () => Effect.succeed([]),
      control: () => Effect.void,
      list: () => Effect.succeed({ items: [], next: null }),
      inspect: {
        history: () => Effect.succeed([]),
        logs: () => Effect.succeed([]),
        explain: () => Effect.succeed(null),
        limits: Effect.succeed([]),
        tenants: () => Effect.succeed([])
      },
      overview: Effect.succeed({ queues: [], workers: [] }),
      prune: () => Effect.succeed({ finished: 0, dead: 0 }),
      events: Stream.never
    })
  )

const NoOp = Job.make("NoOp", { payload: { userId: Schema.String } })

const handlers = {
  "returns at once": NoOp.toLayer(() => Effect.void),
  "waits a turn of the event loop": NoOp.toLayer(() => Effect.yieldNow)
}

const round = (handler: (typeof handlers)[keyof typeof handlers]) =>
  Effect.gen(function*() {
    const counts: Counts = { claimed: 0, settled: 0, claims: 0, settles: 0 }
    const done = yield* Deferred.make<void>()
    const cpuBefore = process.cpuUsage()
    const startMillis = performance.now()
    yield* Deferred.await(done).pipe(
      Effect.provide(
        handler.pipe(Layer.provide(Worker.layer({ concurrency: 100 })), Layer.provide(stub(counts, done))),
        { local: true }
      )
    )
    const wall = (performance.now() - startMillis) * 1000 / jobs
    const cpu = process.cpuUsage(cpuBefore)
    return { wall, cpu: (cpu.user + cpu.system) / jobs, claims: counts.claims, settles: counts.settles }
  })

const program = Effect.gen(function*() {
  for (const [name, handler] of Object.entries(handlers)) {
    const results = []
    for (let index = 0; index < rounds; index++) results.push(yield* round(handler))
    const sorted = results.toSorted((a, b) => a.cpu - b.cpu)
    const median = sorted[Math.floor(sorted.length / 2)]
    const best = sorted[0]
    if (median === undefined || best === undefined) continue
    console.log(
      `${name}: CPU ${median.cpu.toFixed(2)} µs per job (best ${best.cpu.toFixed(2)}), `
        + `wall ${median.wall.toFixed(2)} µs (${Math.round(1e6 / median.wall).toLocaleString("en")} jobs/s), `
        + `${median.claims} claims, ${median.settles} settles of ${jobs.toLocaleString("en")} jobs`
    )
  }
})

Effect.runPromise(Effect.provideService(program, References.MinimumLogLevel, "Warn")).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
