/**
 * Watches the pool of database connections: gauges, a line of the log at equal intervals, and a warning when somebody
 * had to wait for a connection.
 *
 * @since 0.1.0
 */
import type { PoolFigures } from "@millrace/storage/ConnectionPool"
import * as ConnectionPool from "@millrace/storage/ConnectionPool"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

const gauges = {
  max: Metric.gauge("millrace_db_pool_max", { description: "Database connections that there may be" }),
  total: Metric.gauge("millrace_db_pool_total", { description: "Database connections that are open" }),
  idle: Metric.gauge("millrace_db_pool_idle", { description: "Open database connections that nobody uses" }),
  waiting: Metric.gauge("millrace_db_pool_waiting", { description: "Who waits for a database connection" })
}

/**
 * Looks at the pool and sets the gauges `millrace_db_pool_max`, `millrace_db_pool_total`, `millrace_db_pool_idle` and
 * `millrace_db_pool_waiting`. Answers null where no driver tells of its pool.
 *
 * @stability unstable
 * @category looking
 * @since 0.1.0
 */
export const look: Effect.Effect<PoolFigures | null> = Effect.gen(function*() {
  const pool = yield* ConnectionPool.ConnectionPool
  if (pool === null) return null
  const figures = yield* pool
  yield* Metric.update(gauges.max, figures.max)
  yield* Metric.update(gauges.total, figures.total)
  yield* Metric.update(gauges.idle, figures.idle)
  yield* Metric.update(gauges.waiting, figures.waiting)
  return figures
})

/**
 * What is wrong with a pool: `waiting` when somebody waits, or had to since the look before; `exhausted` when the next
 * one to ask will; else null.
 *
 * @stability unstable
 * @category decisions
 * @since 0.1.0
 */
export const troubleOf = (before: PoolFigures | null, now: PoolFigures): "waiting" | "exhausted" | null => {
  if (now.waiting > 0 || now.waited > (before?.waited ?? 0)) return "waiting"
  return ConnectionPool.isExhausted(now) ? "exhausted" : null
}

/**
 * Looks and logs at equal intervals, first after one of them, and never ends: fork it. Ends at once where no driver tells
 * of its pool.
 *
 * **Details**
 *
 * A look is a line at level Info, or a warning when there is trouble: one line an interval, whatever happens between.
 *
 * @stability unstable
 * @category looking
 * @since 0.1.0
 */
export const watch = (interval: Duration.Duration): Effect.Effect<void> =>
  Effect.gen(function*() {
    if ((yield* look) === null) return
    let before: PoolFigures | null = null
    while (true) {
      yield* Effect.sleep(interval)
      const now = yield* look
      if (now === null) return
      yield* say(troubleOf(before, now), now, now.waited - (before?.waited ?? 0))
      before = now
    }
  })

const say = (trouble: ReturnType<typeof troubleOf>, { idle, max, total, waiting }: PoolFigures, waited: number) => {
  const line = trouble === null
    ? Effect.logInfo("database pool")
    : trouble === "exhausted"
    ? Effect.logWarning("database pool is exhausted: all of its connections are in use")
    : Effect.logWarning(
      `database pool is too small: ${waited} had to wait for a connection; raise MILLRACE_DATABASE_CONNECTIONS`
    )
  return Effect.annotateLogs(line, { max, total, idle, waiting })
}
