/**
 * `/health`, `/ready` and `/metrics`.
 *
 * @since 0.1.0
 */
import { Api, ApiError } from "@millrace/api"
import { PoolWatch, Queue } from "@millrace/queue"
import { ConnectionPool } from "@millrace/storage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as ServerMetrics from "../ServerMetrics.ts"
import { StorageProbe } from "../StorageProbe.ts"

/** Scrapers give up after ten seconds. */
const metricsDeadline = "5 seconds"

/**
 * The handlers of the group `system`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "system",
  Effect.fnUntraced(function*(handlers) {
    const probe = yield* StorageProbe
    const queue = yield* Queue.Queue
    const pool = yield* ConnectionPool.ConnectionPool
    const lookAtPool = Effect.provideService(PoolWatch.look, ConnectionPool.ConnectionPool, pool)
    const startedAt = yield* Clock.currentTimeMillis
    return handlers.handleAll({
      health: () =>
        Effect.gen(function*() {
          const problem = yield* probe.look
          const now = yield* Clock.currentTimeMillis
          return {
            status: "ok" as const,
            storage: {
              status: problem === null ? "available" as const : "unavailable" as const,
              detail: problem?.message ?? null
            },
            pool: poolOf(yield* lookAtPool),
            uptimeSeconds: Math.max(0, Math.floor((now - startedAt) / 1000))
          }
        }),
      metrics: () => Effect.andThen(lookAtPool, ServerMetrics.text(Effect.timeout(queue.overview, metricsDeadline))),
      ready: () =>
        Effect.flatMap(probe.look, (problem) =>
          problem === null
            ? Effect.succeed({ status: "ready" as const })
            : Effect.fail(new ApiError.Unavailable({ error: problem })))
    })
  })
)

const poolOf = (figures: ConnectionPool.PoolFigures | null) =>
  figures === null
    ? null
    : { max: figures.max, total: figures.total, idle: figures.idle, waiting: figures.waiting }
