/**
 * Sends traces, metrics and logs by OTLP over HTTP when the environment says so, by the variables of OpenTelemetry:
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, and `otlp` in `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER` or
 * `OTEL_LOGS_EXPORTER`. Without them nothing is sent.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"

/**
 * The exporters of a service. Logs go on to the console as well.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (serviceName: string) =>
  Otlp.layerFromConfig({ resource: { serviceName }, loggerMergeWithExisting: true }).pipe(
    Layer.provide([FetchHttpClient.layer, OtlpSerialization.layerJson])
  )
