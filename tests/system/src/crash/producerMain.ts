/**
 * A producer of a storm: enqueues jobs at a pace, and writes down which were accepted.
 *
 * An enqueue that failed may have taken effect; its jobs are not acknowledged, and others are enqueued in their place.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Queue from "@millrace/queue/Queue"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as CrashJobs from "./CrashJobs.ts"
import * as CrashLedger from "./CrashLedger.ts"
import * as ProcessOrder from "./ProcessOrder.ts"
import * as SeededRandom from "./SeededRandom.ts"

const order = ProcessOrder.read(process.env)

process.stdin.on("end", () => process.exit(1)).resume()

const ledger = CrashLedger.open(order.ledger)
const random = SeededRandom.make(order.seed)

/** Jobs of one call, at most. */
const batch = 50

/** What every so many milliseconds is caught up. */
const tickMillis = 50

const kinds = [
  ...Array.from({ length: 80 }, () => "plain" as const),
  ...Array.from({ length: 6 }, () => "fails" as const),
  ...Array.from({ length: 6 }, () => "reports" as const),
  ...Array.from({ length: 6 }, () => "transacts" as const),
  ...Array.from({ length: 2 }, () => "scheduled" as const)
]

const nextJob = () => {
  const kind = SeededRandom.pick(random, kinds) ?? "plain"
  const millis = 10 + Math.floor(random() * 60)
  const tenant = `store-${Math.floor(random() * 20)}`
  const priority = random() < 0.1 ? "high" as const : "normal" as const
  return kind === "scheduled"
    ? { payload: { kind: "plain" as const, millis }, options: { tenant, priority, delay: 200 + random() * 3_000 } }
    : { payload: { kind, millis }, options: { tenant, priority } }
}

const poison = { payload: { kind: "aborts" as const, millis: 30 } }

let accepted = 0
let poisoned = 0

/** The poison is spread over the first half. */
const isPoisonDue = () => poisoned < order.poison && accepted >= (poisoned + 1) * order.jobs / 2 / (order.poison + 1)

const enqueuePoison = Effect.gen(function*() {
  const { id } = yield* CrashJobs.Work.enqueue(poison.payload)
  ledger.acknowledged([id])
  poisoned += 1
}).pipe(Effect.timeout("10 seconds"), Effect.ignore)

const enqueue = (count: number) =>
  CrashJobs.Work.enqueueAll(Array.from({ length: count }, nextJob)).pipe(
    Effect.timeout("10 seconds"),
    Effect.tap((results) =>
      Effect.sync(() => {
        ledger.acknowledged(results.map(({ id }) => id))
        accepted += results.length
      })
    ),
    Effect.catch((error) => Effect.andThen(Effect.logWarning(`not accepted: ${error.message}`), Effect.sleep(100)))
  )

/** Jobs that may wait: beyond it the producer waits as well, so that a slow machine takes longer and not more. */
const backlog = 3_000

const waiting = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql.unsafe<{ readonly n: number }>("select count(*)::int as n from millrace.ready")
  return row?.n ?? 0
}).pipe(Effect.timeout("2 seconds"), Effect.catch(() => Effect.succeed(0)))

/** Waits until there is room again; answers how long it took, in milliseconds. */
const awaitRoom = Effect.gen(function*() {
  const startedMillis = performance.now()
  while ((yield* waiting) > backlog) yield* Effect.sleep("500 millis")
  return performance.now() - startedMillis
})

const produce = Effect.gen(function*() {
  let startedMillis = performance.now()
  let lookedMillis = 0
  while (accepted < order.jobs) {
    if (performance.now() > lookedMillis + 1_000) {
      // What could not be produced meanwhile is not caught up.
      const waitedMillis = yield* awaitRoom
      if (waitedMillis > 400) startedMillis += waitedMillis
      lookedMillis = performance.now()
    }
    if (isPoisonDue()) yield* enqueuePoison
    const due = Math.min(order.jobs, (performance.now() - startedMillis) / 1_000 * order.perSecond) - accepted
    const calls = Math.min(8, Math.ceil(due / batch))
    yield* Effect.forEach(
      Array.from({ length: calls }, (_, at) => Math.min(batch, Math.ceil(due) - at * batch)),
      enqueue,
      { concurrency: 4, discard: true }
    )
    yield* Effect.sleep(tickMillis)
  }
})

const services = Queue.layer.pipe(
  Layer.provide(PgStorage.layer),
  Layer.provideMerge(PgClient.layer({
    url: Redacted.make(order.database),
    applicationName: order.name,
    connectTimeout: "3 seconds"
  }))
)

// A call that failed because of a defect of its connection is one that failed.
produce.pipe(
  Effect.provide(services),
  Effect.andThen(Effect.sync(() => process.exit(0))),
  NodeRuntime.runMain
)
