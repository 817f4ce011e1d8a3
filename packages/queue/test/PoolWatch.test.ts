import { assert, describe, it } from "@effect/vitest"
import { ConnectionPool } from "@millrace/storage"
import { Duration, Effect, Logger, Metric } from "effect"
import { TestClock } from "effect/testing"
import * as PoolWatch from "../src/PoolWatch.ts"

const calm: ConnectionPool.PoolFigures = { max: 2, total: 1, idle: 1, waiting: 0, waited: 0 }

/** A pool that a test changes, and the lines that its watch writes. */
const watched = Effect.gen(function*() {
  const pool = { now: calm }
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push(`${logLevel} ${Array.isArray(message) ? message.join(" ") : String(message)}`)
  })
  yield* PoolWatch.watch(Duration.seconds(60)).pipe(
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(ConnectionPool.ConnectionPool, Effect.sync(() => pool.now)),
    Effect.forkScoped
  )
  yield* Effect.yieldNow
  return { pool, lines }
})

describe("PoolWatch", () => {
  it("sees trouble in who waits, in who had to wait since the look before, and in a pool that is all in use", () => {
    assert.isNull(PoolWatch.troubleOf(null, calm))
    assert.strictEqual(PoolWatch.troubleOf(null, { ...calm, waiting: 1, waited: 1 }), "waiting")
    assert.strictEqual(PoolWatch.troubleOf({ ...calm, waited: 3 }, { ...calm, waiting: 1, waited: 3 }), "waiting")
    assert.strictEqual(PoolWatch.troubleOf({ ...calm, waited: 3 }, { ...calm, waited: 4 }), "waiting")
    assert.isNull(PoolWatch.troubleOf({ ...calm, waited: 4 }, { ...calm, waited: 4 }))
    assert.strictEqual(PoolWatch.troubleOf(null, { ...calm, total: 2, idle: 0 }), "exhausted")
  })

  it.effect("writes one line an interval, and warns when somebody had to wait meanwhile", () =>
    Effect.gen(function*() {
      const { lines, pool } = yield* watched
      assert.deepStrictEqual(lines, [])
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(lines, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lines, ["Info database pool"])
      pool.now = { ...calm, waited: 7 }
      yield* TestClock.adjust("59 seconds")
      assert.lengthOf(lines, 1)
      yield* TestClock.adjust("1 second")
      assert.match(lines[1] ?? "", /^Warn database pool is too small: 7 had to wait .*MILLRACE_DATABASE_CONNECTIONS/)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(lines[2], "Info database pool")
      pool.now = { ...calm, total: 2, idle: 0, waited: 7 }
      yield* TestClock.adjust("60 seconds")
      assert.match(lines[3] ?? "", /^Warn database pool is exhausted/)
      assert.lengthOf(lines, 4)
    }).pipe(Effect.scoped))

  it.effect("sets the gauges", () =>
    Effect.gen(function*() {
      const pool = Effect.succeed({ max: 5, total: 4, idle: 3, waiting: 2, waited: 9 })
      yield* Effect.provideService(PoolWatch.look, ConnectionPool.ConnectionPool, pool)
      const told = (yield* Metric.snapshot).filter(({ id }) => id.startsWith("millrace_db_pool_"))
      assert.deepStrictEqual(
        Object.fromEntries(told.map(({ id, state }) => [id, "value" in state ? state.value : null])),
        {
          millrace_db_pool_max: 5,
          millrace_db_pool_total: 4,
          millrace_db_pool_idle: 3,
          millrace_db_pool_waiting: 2
        }
      )
    }))

  it.effect("ends at once where there is no pool", () =>
    Effect.gen(function*() {
      assert.isNull(yield* PoolWatch.look)
      yield* PoolWatch.watch(Duration.seconds(60))
    }))
})
