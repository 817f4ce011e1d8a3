/**
 * Work that repeats itself: a schedule in code, and one that is made, previewed, triggered and paused at run time.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { JobSchedule, Scheduler } from "@millrace/scheduler"
import { MemoryScheduleStorage, MemoryStorage } from "@millrace/storage"
import { Console, DateTime, Deferred, Effect, Layer, Schema } from "effect"

const SendReport = Job.make("SendReport", { payload: { to: Schema.String } })

const sent = Deferred.makeUnsafe<void>()

const SendReportLive = SendReport.toLayer(
  Effect.fn("SendReport")(function*({ to }) {
    yield* Console.log(`report sent to ${to}`)
    yield* Deferred.succeed(sent, undefined)
  })
)

/** Every night at half past two on the wall of Berlin, also when the clock is changed that night. */
const Nightly = JobSchedule.cron("nightly-report", {
  cron: "30 2 * * *",
  timeZone: "Europe/Berlin",
  job: SendReport,
  payload: { to: "ada@example.com" },
  overlap: "skip",
  misfire: "runOnce"
})

const program = Effect.gen(function*() {
  const scheduler = yield* Scheduler.Scheduler
  const nights = yield* scheduler.preview(
    { cron: "30 2 * * *", timeZone: "Europe/Berlin" },
    { count: 3, from: "2026-03-27T12:00:00Z" }
  )
  yield* Console.log(nights.map(DateTime.formatIso).join("  "))

  yield* scheduler.create({
    name: "weekly",
    cron: "0 9 * * MON",
    job: { name: "SendReport", payload: { to: "bob@x" } }
  })
  const { kind, outcome } = yield* scheduler.trigger("weekly")
  yield* Console.log(`${kind}: ${outcome}`)
  yield* Deferred.await(sent)
  const { pausedAt } = yield* scheduler.pause("weekly")
  yield* Console.log(`paused: ${pausedAt !== null}`)

  const refused = yield* Effect.flip(scheduler.update("weekly", { cron: "0 25 * * MON" }))
  yield* Console.log(refused.message)
})

const Main = Layer.mergeAll(SendReportLive, Nightly).pipe(
  Layer.provideMerge([Queue.layer, Worker.layer(), Scheduler.layer({ owner: "reports" })]),
  Layer.provide(MemoryScheduleStorage.layer),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
