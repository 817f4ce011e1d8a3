/**
 * One log line per request: method, route, status, milliseconds. No query, no body: they may hold personal data.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ServerMetrics from "./ServerMetrics.ts"

/** Probes come every few seconds and say nothing. */
const quiet: ReadonlySet<string> = new Set(["/health", "/ready", "/metrics"])

/**
 * Logs and counts a request when its answer is known: at `Info`, probes at `Debug`.
 *
 * @stability unstable
 * @category logging
 * @since 0.1.0
 */
export const logged = <E, R>(
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  request: { readonly method: string; readonly route: string | null }
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeNanos
    const response = yield* answer
    const millis = Number((yield* Clock.currentTimeNanos) - startedAt) / 1_000_000
    yield* ServerMetrics.count(request, response.status, millis)
    yield* line(request, response.status, Math.round(millis * 10) / 10)
    return response
  })

const line = (
  { method, route }: { readonly method: string; readonly route: string | null },
  status: number,
  ms: number
): Effect.Effect<void> => {
  const text = `${method} ${route ?? "unknown path"} ${status}`
  const log = quiet.has(route ?? "") ? Effect.logDebug(text) : Effect.logInfo(text)
  return Effect.annotateLogs(log, { method, route: route ?? "none", status, ms })
}
