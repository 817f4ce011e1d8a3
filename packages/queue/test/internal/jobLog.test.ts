import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { Effect, Logger, References, Schema } from "effect"
import * as Job from "../../src/Job.ts"
import type { WorkerOptions } from "../../src/WorkerOptions.ts"
import * as TestWorker from "../TestWorker.ts"

const { pass } = TestWorker

const Work = Job.make("Work", {
  payload: { end: Schema.String },
  retry: RetryPolicy.fixed("1 second", { maxAttempts: 2 })
})

interface Line {
  readonly level: string
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
}

const run = (ends: ReadonlyArray<string>, options: WorkerOptions = {}) =>
  Effect.gen(function*() {
    const lines: Array<Line> = []
    const logger = Logger.make(({ fiber, logLevel, message }) => {
      lines.push({
        level: logLevel,
        message: Array.isArray(message) ? message.join(" ") : String(message),
        annotations: fiber.getRef(References.CurrentLogAnnotations)
      })
    })
    yield* TestWorker.start(
      Work.toLayer(({ end }) => {
        if (end === "fail") return Effect.die(new RangeError("too far"))
        if (end === "cancel") return Job.cancel("not needed")
        return end === "snooze" ? Job.snooze("1 hour") : Effect.sleep("250 millis")
      }),
      options
    ).pipe(Effect.provideService(Logger.CurrentLoggers, new Set([logger])))
    for (const end of ends) yield* Work.enqueue({ end }, { tenant: "shop" })
    yield* pass(4_000)
    return lines
  })

describe("jobLog", () => {
  it.effect("says when a worker starts, and when jobs start and complete if that is wanted", () =>
    Effect.gen(function*() {
      const lines = yield* run(["ok"], { jobLogLevel: "Info" })
      const messages = lines.map(({ message }) => message)
      assert.strictEqual(messages[0], "worker started")
      assert.include(messages, "job started")
      const completed = lines.find(({ message }) => message.startsWith("job completed in "))
      assert.strictEqual(completed?.level, "Info")
      assert.isAtLeast(Number(completed?.annotations["durationMillis"]), 250)
      assert.deepStrictEqual(
        Object.keys(completed?.annotations ?? {}).toSorted(),
        ["attempt", "durationMillis", "job", "name", "queue", "tenant", "worker"]
      )
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("is silent about jobs that go well by default", () =>
    Effect.gen(function*() {
      const lines = yield* run(["ok", "snooze"])
      assert.deepStrictEqual(lines.filter(({ message }) => message.startsWith("job")), [])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("says how a job failed and when it is retried, and that it is dead", () =>
    Effect.gen(function*() {
      const lines = yield* run(["fail"])
      const failed = lines.find(({ level }) => level === "Warn")
      assert.match(failed?.message ?? "", /^job failed with RangeError: too far; retried at 1970-01-01T00:00:0\d/)
      assert.strictEqual(failed?.annotations["retryInMillis"], 1_000)
      const dead = lines.find(({ level }) => level === "Error")
      assert.match(dead?.message ?? "", /^job is dead \(maxAttempts\) with RangeError: too far/)
      assert.strictEqual(dead?.annotations["attempt"], 2)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("says why a job was cancelled, and that one sleeps", () =>
    Effect.gen(function*() {
      const lines = yield* run(["cancel", "snooze"], { jobLogLevel: "Info" })
      const messages = lines.map(({ message }) => message)
      assert.include(messages, "job cancelled: not needed")
      assert.include(messages, "job snoozed")
    }).pipe(Effect.provide(TestWorker.layer())))
})
