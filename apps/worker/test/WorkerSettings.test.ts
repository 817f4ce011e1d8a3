import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { AlertRules, AlertTargets } from "@millrace/jobs"
import { JobDefaults } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { ConfigProvider, Duration, Effect, Redacted } from "effect"
import { Command } from "effect/cli"
import * as Environment from "../src/Environment.ts"
import * as Reason from "../src/Reason.ts"
import type { WorkerSettings } from "../src/WorkerSettings.ts"
import { flags, resolve, WrongDatabaseUrl } from "../src/WorkerSettings.ts"

const payloadSecret = Buffer.alloc(32, 1).toString("base64")

const database = { DATABASE_URL: "postgres://me@localhost/app" }

interface Variables {
  readonly [name: string]: string
}

// What becomes of a command line in an environment.
const outcome = Effect.fnUntraced(function*(args: ReadonlyArray<string>, variables: Variables) {
  const found: Array<WorkerSettings> = []
  const command = Command.make(
    "millrace-worker",
    flags,
    (given) => Effect.map(resolve(given), (settings) => void found.push(settings))
  )
  const exit = yield* Effect.exit(Command.runWith(command, { version: "0", renderErrors: false })(args)).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, Environment.provider(variables))
  )
  return { found, reasons: exit._tag === "Failure" ? Reason.ofCause(exit.cause) : [] }
})

// The settings that the worker would run with.
const settings = (args: ReadonlyArray<string>, variables: Variables = database) =>
  Effect.flatMap(
    outcome(args, variables),
    ({ found: [settings], reasons }) =>
      settings === undefined ? Effect.die(new Error(reasons.join("\n"))) : Effect.succeed(settings)
  )

// What the worker would say instead of running.
const refusal = (args: ReadonlyArray<string>, variables: Variables = database) =>
  Effect.map(outcome(args, variables), ({ found, reasons }) => {
    assert.deepStrictEqual(found, [])
    return reasons.join("\n")
  })

layer(NodeServices.layer)("WorkerSettings", (it) => {
  it.effect("has a default for everything but the database", () =>
    Effect.gen(function*() {
      const found = yield* settings([])
      const {
        databaseConnectTimeout,
        databaseIdleTimeout,
        databaseUrl,
        grace,
        keepAudit,
        keepDead,
        keepFinished,
        keepSamples,
        lease,
        metricsInterval,
        poll,
        standstill,
        ...rest
      } = found
      assert.deepStrictEqual([databaseIdleTimeout, databaseConnectTimeout, metricsInterval].map(Duration.toSeconds), [
        60,
        5,
        60
      ])
      assert.strictEqual(Redacted.value(databaseUrl), database.DATABASE_URL)
      assert.deepStrictEqual([lease, grace, poll, standstill].map(Duration.toMillis), [12_000, 8000, 1000, 300_000])
      assert.deepStrictEqual([keepFinished, keepDead, keepAudit, keepSamples].map(Duration.toDays), [30, 90, 90, 14])
      assert.deepStrictEqual(rest, {
        jobs: [],
        queues: ["default"],
        concurrency: 10,
        jobDefaults: { ...JobDefaults.values, maxAttempts: 25 },
        recycle: null,
        thresholds: AlertRules.defaults,
        alerts: AlertTargets.nobody,
        scheduleOwner: "default",
        databaseConnections: 10,
        databaseMinConnections: 0,
        prefetch: null,
        builtin: true,
        migrate: true,
        payloadKeys: null,
        logFormat: null,
        logLevel: "Info"
      })
    }))

  it.effect("reads every variable", () =>
    Effect.gen(function*() {
      const found = yield* settings([], {
        ...database,
        MILLRACE_JOBS: "./a.ts,./b.ts",
        MILLRACE_QUEUES: "default,mail,default",
        MILLRACE_CONCURRENCY: "20",
        MILLRACE_LEASE: "30 seconds",
        MILLRACE_GRACE: "0 seconds",
        MILLRACE_POLL: "250 millis",
        MILLRACE_STANDSTILL: "1 minute",
        MILLRACE_RECYCLE: "10 minutes",
        MILLRACE_KEEP_FINISHED: "7 days",
        MILLRACE_KEEP_DEAD: "365 days",
        MILLRACE_KEEP_AUDIT: "30 days",
        MILLRACE_KEEP_SAMPLES: "2 days",
        MILLRACE_ALERT_WEBHOOKS: "https://example.com/a,http://localhost/b",
        MILLRACE_ALERT_SECRETS: "0123456789abcdef,fedcba9876543210",
        MILLRACE_ALERT_PRIVATE: "on",
        MILLRACE_ALERT_EMAIL: "ops@example.com",
        MILLRACE_ALERT_DEPTH: "5",
        MILLRACE_ALERT_OLDEST: "1 second",
        MILLRACE_ALERT_RUNNING: "2 seconds",
        MILLRACE_ALERT_DEAD_RATE: "0.5",
        MILLRACE_SCHEDULE_OWNER: "shop",
        MILLRACE_BUILTIN: "false",
        MILLRACE_MIGRATE: "off",
        MILLRACE_PREFETCH: "0",
        MILLRACE_DATABASE_CONNECTIONS: "4",
        MILLRACE_DATABASE_MIN_CONNECTIONS: "1",
        MILLRACE_DATABASE_IDLE_TIMEOUT: "10 seconds",
        MILLRACE_DATABASE_CONNECT_TIMEOUT: "2 seconds",
        MILLRACE_METRICS_INTERVAL: "5 seconds",
        MILLRACE_TIMEOUT: "90 seconds",
        MILLRACE_RETRY: "fixed",
        MILLRACE_RETRY_BASE: "5 seconds",
        MILLRACE_RETRY_CAP: "1 minute",
        MILLRACE_MAX_ATTEMPTS: "3",
        MILLRACE_PAYLOAD_KEYS: `a:${payloadSecret}`,
        MILLRACE_LOG_FORMAT: "json",
        MILLRACE_LOG_LEVEL: "Debug"
      })
      const { databaseConnectTimeout, databaseIdleTimeout, databaseUrl: _, metricsInterval, payloadKeys, ...others } =
        found
      assert.strictEqual(payloadKeys === null ? null : Redacted.value(payloadKeys), `a:${payloadSecret}`)
      assert.deepStrictEqual(metricsInterval, Duration.seconds(5))
      assert.deepStrictEqual([databaseIdleTimeout, databaseConnectTimeout].map(Duration.toSeconds), [10, 2])
      const {
        alerts,
        grace,
        keepAudit,
        keepDead,
        keepFinished,
        keepSamples,
        lease,
        poll,
        recycle,
        standstill,
        ...rest
      } = others
      assert.deepStrictEqual(alerts.secrets.map(Redacted.value), ["0123456789abcdef", "fedcba9876543210"])
      assert.deepInclude(alerts, {
        webhooks: ["https://example.com/a", "http://localhost/b"],
        mayBePrivate: true,
        email: "ops@example.com"
      })
      assert.deepStrictEqual([lease, grace, poll, standstill].map(Duration.toMillis), [30_000, 0, 250, 60_000])
      assert.deepStrictEqual(recycle, Duration.minutes(10))
      assert.deepStrictEqual([keepFinished, keepDead, keepAudit, keepSamples].map(Duration.toDays), [7, 365, 30, 2])
      assert.deepStrictEqual(rest, {
        jobs: ["./a.ts", "./b.ts"],
        queues: ["default", "mail"],
        concurrency: 20,
        jobDefaults: {
          timeoutMillis: 90_000,
          retry: RetryPolicy.fixed("5 seconds", { cap: "1 minute", maxAttempts: 3, jitter: "equal" }),
          maxAttempts: 3
        },
        thresholds: { depth: 5, oldestMillis: 1000, runningMillis: 2000, deadRate: 0.5 },
        scheduleOwner: "shop",
        databaseConnections: 4,
        databaseMinConnections: 1,
        prefetch: 0,
        builtin: false,
        migrate: false,
        logFormat: "json",
        logLevel: "Debug"
      })
    }))

  it.effect("prefers a flag to its variable", () =>
    Effect.gen(function*() {
      const found = yield* settings(
        [
          "--jobs=./c.ts",
          "--jobs=./d.ts",
          "--queue=slow",
          "--queue=fast",
          "--concurrency=3",
          "--grace=5 seconds",
          "--no-builtin",
          "--log-format=pretty",
          "--log-level=warn",
          "--database-url=postgresql://other/app"
        ],
        {
          ...database,
          MILLRACE_JOBS: "./a.ts",
          MILLRACE_QUEUES: "default",
          MILLRACE_CONCURRENCY: "20",
          MILLRACE_GRACE: "1 minute",
          MILLRACE_LOG_LEVEL: "Debug"
        }
      )
      assert.deepStrictEqual(found.jobs, ["./c.ts", "./d.ts"])
      assert.deepStrictEqual(found.queues, ["slow", "fast"])
      assert.strictEqual(found.concurrency, 3)
      assert.strictEqual(Duration.toMillis(found.grace), 5000)
      assert.isFalse(found.builtin)
      assert.deepStrictEqual([found.logFormat, found.logLevel], ["pretty", "Warn"])
      assert.strictEqual(Redacted.value(found.databaseUrl), "postgresql://other/app")
    }))

  it.effect("takes a number of slots or their bounds", () =>
    Effect.gen(function*() {
      const of = (text: string) =>
        Effect.map(settings([], { ...database, MILLRACE_CONCURRENCY: text }), ({ concurrency }) => concurrency)
      assert.deepStrictEqual(yield* of("2-50"), { min: 2, max: 50 })
      assert.deepStrictEqual(yield* of("7"), 7)
      assert.deepStrictEqual((yield* settings(["--concurrency", "1-10000"])).concurrency, { min: 1, max: 10_000 })
      for (const text of ["0", "-3", "50-2", "0-5", "2-10001", "2-", "2-3-4", "1.5", "many"]) {
        assert.match(
          yield* refusal([], { ...database, MILLRACE_CONCURRENCY: text }),
          /MILLRACE_CONCURRENCY is wrong: must be a whole number from 1 to 10000, or two of them/
        )
      }
    }))

  it.effect("counts an empty variable as not set", () =>
    Effect.gen(function*() {
      const found = yield* settings([], { ...database, MILLRACE_QUEUES: "", MILLRACE_JOBS: "", MILLRACE_GRACE: "" })
      assert.deepStrictEqual([found.queues, found.jobs], [["default"], []])
      assert.strictEqual(
        yield* refusal([], { DATABASE_URL: "" }),
        new WrongDatabaseUrl({ isMissing: true }).message
      )
    }))

  it.effect("names what is wrong, and what is allowed", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal(["--grace", "soon"]), /--grace: "soon".*duration such as .*30 seconds/)
      assert.match(yield* refusal(["--lease", "500 millis"]), /--lease.*must be from 1 second to 1 day/)
      assert.match(yield* refusal(["--concurrency", "1.5"]), /--concurrency: "1.5"/)
      assert.match(yield* refusal(["--log-format", "xml"]), /--log-format: "xml".*"json" \| "pretty"/)
      assert.match(yield* refusal(["--queue", ""]), /--queue.*1 to 255 characters/)
      assert.match(yield* refusal(["stray"]), /Unexpected positional argument: "stray"/)
      assert.match(
        yield* refusal([], { ...database, MILLRACE_CONCURRENCY: "many" }),
        /^MILLRACE_CONCURRENCY is wrong: /
      )
      assert.match(yield* refusal([], { ...database, MILLRACE_QUEUES: "a,,b" }), /MILLRACE_QUEUES.* is wrong/)
      assert.match(
        yield* refusal([], { DATABASE_URL: "mysql://localhost" }),
        /not named by a URL of PostgreSQL/
      )
    }))
})
