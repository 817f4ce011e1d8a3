import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Layer, Metric } from "effect"
import * as Http from "node:http"
import * as Telemetry from "../src/Telemetry.ts"

const paths = ["/v1/logs", "/v1/metrics", "/v1/traces"]

/** A collector that waits until each kind has come. */
const collector = Effect.gen(function*() {
  const all = yield* Deferred.make<void>()
  const bodies = new Map<string, string>()
  const server = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      bodies.set(request.url ?? "", Buffer.concat(chunks).toString())
      response.end("{}")
      if (paths.every((path) => bodies.has(path))) Effect.runSync(Deferred.succeed(all, undefined))
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close().closeAllConnections())
  )
  const address = server.address()
  return { all, bodies, port: typeof address === "object" && address !== null ? address.port : 0 }
})

const withEnv = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

describe("Telemetry", () => {
  it.live("sends logs, metrics and traces to the endpoint of the environment", () =>
    Effect.gen(function*() {
      const { all, bodies, port } = yield* collector
      const send = Effect.gen(function*() {
        yield* Metric.update(Metric.counter("telemetry_test"), 1)
        yield* Effect.logInfo("telemetry test").pipe(Effect.withSpan("telemetry.test"))
        yield* Deferred.await(all)
      })
      yield* send.pipe(
        Effect.provide(Telemetry.layer("millrace-test")),
        withEnv({
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
          OTEL_LOGS_EXPORTER: "otlp",
          OTEL_METRICS_EXPORTER: "otlp",
          OTEL_TRACES_EXPORTER: "otlp",
          OTEL_METRIC_EXPORT_INTERVAL: "50",
          OTEL_BLRP_SCHEDULE_DELAY: "50",
          OTEL_BSP_SCHEDULE_DELAY: "50"
        })
      )
      assert.include(bodies.get("/v1/logs"), "telemetry test")
      assert.include(bodies.get("/v1/metrics"), "telemetry_test")
      assert.include(bodies.get("/v1/traces"), "telemetry.test")
      assert.include(bodies.get("/v1/traces"), "millrace-test")
    }), 30_000)

  it.effect("sends nothing when no endpoint is named", () =>
    Layer.build(Telemetry.layer("millrace-test")).pipe(Effect.asVoid, withEnv({})))
})
