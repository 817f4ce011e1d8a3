import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { JobRegistry, JobRequest } from "@millrace/queue"
import * as Worker from "@millrace/queue/Worker"
import {
  Heart,
  MemorySampleStorage,
  MemoryScheduleStorage,
  MemoryStorage,
  ScheduleStorage,
  Storage
} from "@millrace/storage"
import { Clock, ConfigProvider, Context, Effect, Layer, Logger, Option, Result } from "effect"
import { GlobalFlag } from "effect/cli"
import { TestClock } from "effect/testing"
import * as Environment from "../src/Environment.ts"
import * as Program from "../src/Program.ts"
import * as WorkerSettings from "../src/WorkerSettings.ts"
import jobs from "./fixtures/jobs.ts"

/** Nothing was said by flags. */
const noFlags: WorkerSettings.Flags = {
  jobs: [],
  queues: [],
  concurrency: Option.none(),
  lease: Option.none(),
  grace: Option.none(),
  poll: Option.none(),
  databaseUrl: Option.none(),
  builtin: Option.none(),
  logFormat: Option.none()
}

const resolved = (variables: Record<string, string>) =>
  WorkerSettings.resolve(noFlags).pipe(
    Effect.provideService(GlobalFlag.LogLevel, Option.none()),
    Effect.provideService(
      ConfigProvider.ConfigProvider,
      Environment.provider({ DATABASE_URL: "postgres://localhost/jobs", ...variables })
    )
  )

/** The worker of an environment on storages in memory, and what it asks of them. */
const running = Effect.fnUntraced(function*(variables: Record<string, string>) {
  const leases: Array<number> = []
  const claims: Array<{ readonly queue: string; readonly limit: number; readonly atMillis: number }> = []
  const standstills: Array<number> = []
  const memory = yield* MemoryStorage.make()
  const storage = Storage.Storage.of({
    ...memory,
    renew: (request) => {
      if (request._tag === "Register") leases.push(request.leaseMillis)
      return memory.renew(request)
    },
    claim: (request) =>
      Effect.flatMap(Clock.currentTimeMillis, (atMillis) => {
        claims.push({ queue: request.queue, limit: request.limit, atMillis })
        return memory.claim(request)
      })
  })
  const heart = {
    sign: () => {},
    keep: ({ standstillMillis }: { readonly standstillMillis: number }) => {
      standstills.push(standstillMillis)
      return { sentMillis: () => -Infinity, stop: () => {} }
    }
  }
  const storages = Layer.merge(MemoryScheduleStorage.layer, MemorySampleStorage.layer).pipe(
    Layer.provideMerge(Layer.succeed(Storage.Storage, storage)),
    Layer.provideMerge([NodeServices.layer, Layer.succeed(Heart.Heart, heart), Logger.layer([])])
  )
  const context = yield* Layer.build(
    Program.layer(yield* resolved({ MILLRACE_GRACE: "0 seconds", ...variables }), jobs).pipe(
      Layer.provideMerge(storages)
    )
  )
  const worker = Context.get(context, Worker.Worker)
  const schedules = Context.get(context, ScheduleStorage.ScheduleStorage)
  return { storage, worker, leases, claims, standstills, schedule: (name: string) => schedules.get(name) }
})

/** A job that no worker serves. */
const job = Result.getOrThrow(
  JobRequest.fromEncoded(JobRegistry.make([]), { name: "Nobody", queue: "lonely", payload: {} })
)

/** Lets so much time pass, and everything happen that follows from it. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), Effect.repeat(Effect.yieldNow, { times: 20 })), {
    times: seconds - 1
  })

describe("Program", () => {
  it.effect("gives the worker its queues, slots, lease and standstill", () =>
    Effect.gen(function*() {
      const { leases, standstills, worker } = yield* running({
        MILLRACE_QUEUES: "mail,bills",
        MILLRACE_CONCURRENCY: "2-7",
        MILLRACE_LEASE: "30 seconds",
        MILLRACE_STANDSTILL: "2 minutes"
      })
      yield* pass(2)
      const { names, slots } = yield* worker.health
      assert.deepStrictEqual(slots.map(({ max, min, queue }) => [queue, min, max]), [
        ["millrace", 4, 4],
        ["mail", 2, 7],
        ["bills", 2, 7]
      ])
      assert.includeMembers([...names], ["Greet", "email-notification", "data-processing"])
      assert.deepStrictEqual([...new Set(leases)], [30_000])
      assert.deepStrictEqual([...new Set(standstills)], [120_000])
    }).pipe(Effect.scoped))

  it.effect("serves the jobs of the modules alone when it is told to, and has no schedules of its own then", () =>
    Effect.gen(function*() {
      const { schedule, worker } = yield* running({ MILLRACE_BUILTIN: "off" })
      yield* pass(2)
      const { names, queues } = yield* worker.health
      assert.sameMembers([...names], ["Greet", "Flaky", "AwaitFile"])
      assert.deepStrictEqual(queues, ["default"])
      assert.isNull(yield* schedule("millrace-clean-up"))
    }).pipe(Effect.scoped))

  it.effect("looks for jobs as often as it is told", () =>
    Effect.gen(function*() {
      const looks = (poll: string) =>
        Effect.gen(function*() {
          const { claims } = yield* running({ MILLRACE_POLL: poll })
          yield* pass(5)
          const before = claims.length
          yield* pass(60)
          return claims.slice(before).filter(({ queue }) => queue === "default").length
        }).pipe(Effect.scoped)
      const [often, seldom] = [yield* looks("1 second"), yield* looks("10 seconds")]
      assert.isAtLeast(often, 40)
      assert.isAtMost(seldom, 10)
    }))

  it.effect("claims as many jobs ahead of its slots as it is told", () =>
    Effect.gen(function*() {
      const greet = Result.getOrThrow(
        JobRequest.fromEncoded(JobRegistry.make([]), { name: "Greet", queue: "default", payload: { name: "Ada" } })
      )
      const most = (variables: Record<string, string>) =>
        Effect.gen(function*() {
          const { claims, storage } = yield* running({ MILLRACE_CONCURRENCY: "2", ...variables })
          yield* pass(2)
          yield* storage.insert(Array.from({ length: 400 }, () => greet))
          const step = Effect.andThen(TestClock.adjust("20 millis"), Effect.repeat(Effect.yieldNow, { times: 100 }))
          yield* Effect.repeat(step, { times: 100 })
          return Math.max(...claims.filter(({ queue }) => queue === "default").map(({ limit }) => limit))
        }).pipe(Effect.scoped)
      assert.strictEqual(yield* most({ MILLRACE_PREFETCH: "0" }), 2)
      assert.strictEqual(yield* most({ MILLRACE_PREFETCH: "3" }), 5)
      assert.isAbove(yield* most({}), 5)
    }))

  it.effect("hands the upkeep and the samples what they keep and when they alert, under the owner that it is told", () =>
    Effect.gen(function*() {
      const { schedule } = yield* running({
        MILLRACE_KEEP_FINISHED: "7 days",
        MILLRACE_KEEP_DEAD: "8 days",
        MILLRACE_KEEP_AUDIT: "31 days",
        MILLRACE_KEEP_SAMPLES: "2 days",
        MILLRACE_ALERT_DEPTH: "5",
        MILLRACE_ALERT_OLDEST: "1 second",
        MILLRACE_ALERT_RUNNING: "2 seconds",
        MILLRACE_ALERT_DEAD_RATE: "0.5",
        MILLRACE_SCHEDULE_OWNER: "shop"
      })
      yield* pass(5)
      const day = 86_400_000
      const cleanUp = yield* schedule("millrace-clean-up")
      assert.deepStrictEqual(cleanUp?.job.payload, {
        finishedMillis: 7 * day,
        deadMillis: 8 * day,
        auditMillis: 31 * day
      })
      assert.strictEqual(cleanUp?.owner, "shop")
      assert.deepStrictEqual((yield* schedule("millrace-sample"))?.job.payload, {
        thresholds: { depth: 5, oldestMillis: 1000, runningMillis: 2000, deadRate: 0.5 },
        keepMillis: 2 * day
      })
    }).pipe(Effect.scoped))

  it.effect("tells of an alert whom it is told to tell", () =>
    Effect.gen(function*() {
      const told = (variables: Record<string, string>) =>
        Effect.gen(function*() {
          const { storage } = yield* running({ MILLRACE_ALERT_DEPTH: "1", ...variables })
          yield* storage.insert([job, job, job])
          yield* pass(130)
          const { items } = yield* storage.list({ limit: 100 })
          return [...new Set(items.map(({ name }) => name))].filter((name) => /alert-webhook|email/.test(name))
            .toSorted()
        }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* told({}), [])
      assert.deepStrictEqual(
        yield* told({ MILLRACE_ALERT_WEBHOOKS: "http://127.0.0.1:9/hook", MILLRACE_ALERT_EMAIL: "ops@example.com" }),
        ["email-notification", "millrace-alert-webhook"]
      )
    }))
})
