import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { OtlpExporter } from "effect/observability"
import * as Telemetry from "../src/Telemetry.ts"

const withEnv = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

it.effect("needs no variable, and refuses an exporter that can not be set up", () =>
  Effect.gen(function*() {
    const context = yield* Layer.build(Telemetry.layer("millrace-test")).pipe(withEnv({}))
    assert.isDefined(context.mapUnsafe.get(OtlpExporter.Flusher.key))
    const wrong = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_METRIC_EXPORT_INTERVAL: "soon"
    }
    const exit = yield* Effect.exit(Layer.build(Telemetry.layer("millrace-test")).pipe(withEnv(wrong)))
    assert.strictEqual(exit._tag, "Failure")
  }))
