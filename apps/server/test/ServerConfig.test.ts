import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Redacted } from "effect"
import * as ServerConfig from "../src/ServerConfig.ts"

const adminKey = `mr_boss.${"s".repeat(43)}`

const withEnv = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

describe("ServerConfig", () => {
  it.effect("listens on 127.0.0.1:4080 when nothing is said", () =>
    Effect.gen(function*() {
      const config = yield* Effect.provideService(
        ServerConfig.server,
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({ env: {} })
      )
      assert.deepStrictEqual(config, ServerConfig.defaults)
      assert.strictEqual(config.host, "127.0.0.1")
      assert.strictEqual(config.port, 4080)
    }))

  it.effect("reads every setting", () =>
    Effect.gen(function*() {
      const server = yield* ServerConfig.server
      assert.deepStrictEqual(server, {
        host: "::1",
        port: 0,
        allowedHosts: ["jobs.internal", "queue.internal"],
        grace: Duration.seconds(1),
        requestTimeout: Duration.minutes(1),
        maxRequests: 8,
        keepAnswers: Duration.weeks(1),
        authentication: "keys",
        adminKey: server.adminKey,
        drainSecret: server.drainSecret,
        requestsPerSecond: 7,
        requestBurst: 9,
        failuresPerMinute: 3,
        hideUnknownPayloads: false
      })
      assert.strictEqual(server.adminKey === null ? null : Redacted.value(server.adminKey), adminKey)
      assert.strictEqual(server.drainSecret === null ? null : Redacted.value(server.drainSecret), "0123456789abcdef")
      const program = yield* ServerConfig.program
      assert.strictEqual(Redacted.value(program.databaseUrl), "postgres://localhost/jobs")
      assert.deepInclude(program, {
        databaseConnections: 3,
        metricsInterval: Duration.seconds(5),
        jobs: ["./jobs.ts", "./more.ts"],
        migrate: false
      })
    }).pipe(withEnv({
      MILLRACE_HOST: "::1",
      MILLRACE_PORT: "0",
      MILLRACE_ALLOWED_HOSTS: "jobs.internal,queue.internal",
      MILLRACE_GRACE: "1 second",
      MILLRACE_REQUEST_TIMEOUT: "1 minute",
      MILLRACE_MAX_REQUESTS: "8",
      MILLRACE_KEEP_ANSWERS: "1 week",
      MILLRACE_AUTH: "keys",
      MILLRACE_ADMIN_KEY: adminKey,
      MILLRACE_DRAIN_SECRET: "0123456789abcdef",
      MILLRACE_REQUESTS_PER_SECOND: "7",
      MILLRACE_REQUEST_BURST: "9",
      MILLRACE_FAILURES_PER_MINUTE: "3",
      DATABASE_URL: "postgres://localhost/jobs",
      MILLRACE_DATABASE_CONNECTIONS: "3",
      MILLRACE_METRICS_INTERVAL: "5 seconds",
      MILLRACE_JOBS: "./jobs.ts,./more.ts",
      MILLRACE_MIGRATE: "off"
    })))

  for (
    const env of [
      { MILLRACE_PORT: "65536" },
      { MILLRACE_PORT: "http" },
      { MILLRACE_MAX_REQUESTS: "0" },
      {
        MILLRACE_GRACE: "soon"
      },
      { MILLRACE_AUTH: "none" },
      { MILLRACE_ADMIN_KEY: "secret" },
      { MILLRACE_REQUESTS_PER_SECOND: "-1" }
    ]
  ) {
    it.effect(`refuses ${JSON.stringify(env)}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(
          Effect.provideService(ServerConfig.server, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
        )
        assert.strictEqual(exit._tag, "Failure")
      }))
  }

  it.effect("takes an empty variable for one that is not set", () =>
    Effect.gen(function*() {
      const config = yield* Effect.provideService(
        ServerConfig.server,
        ConfigProvider.ConfigProvider,
        ServerConfig.provider({ MILLRACE_PORT: "", MILLRACE_HOST: "", MILLRACE_GRACE: undefined })
      )
      assert.deepStrictEqual(config, ServerConfig.defaults)
    }))

  for (const DATABASE_URL of ["", "jobs", "mysql://localhost/jobs", "localhost:5432"]) {
    it.effect(`refuses "${DATABASE_URL}" as database`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.provideService(
          ServerConfig.program,
          ConfigProvider.ConfigProvider,
          ServerConfig.provider({ DATABASE_URL })
        ))
        assert.strictEqual(exit._tag, "Failure")
      }))
  }

  for (const host of ["0.0.0.0", "::", "10.0.0.5", "jobs.example"]) {
    it.effect(`F74: refuses to listen on ${host} without keys, and says why`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(ServerConfig.refuseExposed({ ...ServerConfig.defaults, host }))
        assert.strictEqual(error.host, host)
        assert.include(error.message, "MILLRACE_HOST")
        const asked = { ...ServerConfig.defaults, host, authentication: "keys" as const }
        assert.strictEqual(yield* ServerConfig.refuseExposed(asked), asked)
        const own = { ...ServerConfig.defaults, host, adminKey: Redacted.make(adminKey) }
        assert.strictEqual(yield* ServerConfig.refuseExposed(own), own)
      }))
  }
})
