/**
 * Faults of the database and of the network before it. Names begin with the number of the fault.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import { Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Context, Deferred, Effect, Exit, Fiber, Layer } from "effect"
import * as Arena from "../../src/crash/Arena.ts"
import * as CrashJobs from "../../src/crash/CrashJobs.ts"
import * as StoredJobs from "../../src/crash/StoredJobs.ts"
import * as Promised from "../../src/Promised.ts"
import * as Wait from "../../src/Wait.ts"

/** Checks that every job is completed, was started once, and spent no attempt. */
const ranOnce = Effect.fnUntraced(function*(ids: ReadonlyArray<number>, { attempts, jobs }: StoredJobs.Stored) {
  assert.strictEqual(jobs.length, ids.length)
  assert.deepStrictEqual(jobs.filter(({ state }) => state !== "completed"), [])
  assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome !== "released"), [])
  assert.deepStrictEqual(yield* Arena.repeated, [])
})

/** Waits until so many handlers have ended. */
const endsReach = (count: number) =>
  Wait.until(
    `${count} ends`,
    "60 seconds",
    Arena.executions,
    (all) => all.filter(({ how }) => how === "completed").length >= count
  )

const jobFor = (millis: number) => ({ kind: "plain" as const, millis })

describe("a database", () => {
  it.live("F20: causes no second execution by five crashes under load", () =>
    Effect.gen(function*() {
      const { postgres } = yield* Arena.Arena
      yield* Arena.start(["one", "two"])
      const ids = yield* Arena.plain(1_000, 150)
      for (const crash of [1, 2, 3, 4, 5]) {
        yield* endsReach(crash * 100)
        yield* postgres.crash
        yield* Effect.sleep("300 millis")
        yield* postgres.start
      }
      yield* ranOnce(ids, yield* Arena.finished(ids, "90 seconds"))
    }).pipe(Effect.provide(Arena.layer)), 180_000)

  it.live(
    "F21: causes no second execution when it ends every session again and again, and no session is left over",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* Arena.start(["one", "two"])
        const ids = yield* Arena.plain(600, 150)
        const endAll = sql.unsafe(
          `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity where application_name in ('one', 'two')`
        )
        yield* Effect.repeat(Effect.delay(endAll, "200 millis"), { times: 30 })
        const stored = yield* Arena.finished(ids, "90 seconds")
        yield* ranOnce(ids, stored)
        const [row] = yield* sql.unsafe<{ readonly n: number }>(
          `select count(*)::int as n from pg_stat_activity where application_name in ('one', 'two')`
        )
        // Ten of the pool, and what belongs to the heart.
        assert.isAtMost(row?.n ?? Infinity, 2 * 12)
      }).pipe(Effect.provide(Arena.layer)),
    150_000
  )

  it.live(
    "F22: has its workers back within 5 seconds when it was away for longer than their leases, and no attempt is spent",
    () =>
      Effect.gen(function*() {
        const { postgres } = yield* Arena.Arena
        yield* Arena.start(["one", "two"], { leaseDuration: "4 seconds" })
        const ids = yield* Arena.plain(400, 100)
        yield* endsReach(100)
        yield* postgres.crash
        yield* Effect.sleep("15 seconds")
        const before = (yield* Arena.executions).length
        yield* postgres.start
        const backMillis = performance.now()
        yield* Wait.until("a start", "30 seconds", Arena.executions, (all) => all.length > before)
        const resumedMillis = performance.now() - backMillis
        Promised.within("F22: at work again after the database", resumedMillis, 5_000)
        const { attempts, jobs } = yield* Arena.finished(ids, "90 seconds")
        assert.deepStrictEqual(jobs.filter(({ state }) => state !== "completed"), [])
        assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome === "failed"), [])
      }).pipe(Effect.provide(Arena.layer)),
    150_000
  )

  it.live("F24: has flushed every accepted job to disk", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      for (const _ of Array.from({ length: 100 })) {
        const [written] = yield* sql.withTransaction(
          Effect.andThen(
            CrashJobs.Work.enqueue(jobFor(0)),
            sql.unsafe<{ readonly lsn: string; readonly mode: string }>(
              `select pg_current_wal_insert_lsn()::text as lsn, current_setting('synchronous_commit') as mode`
            )
          )
        )
        const [flushed] = yield* sql.unsafe<{ readonly done: boolean }>(
          `select pg_current_wal_flush_lsn() >= $1::pg_lsn as done`,
          [written?.lsn ?? ""]
        )
        assert.deepStrictEqual([flushed?.done, written?.mode], [true, "on"])
      }
    }).pipe(Effect.provide(Arena.layer)), 60_000)

  it.live(
    "F43: is asked again seldom when its tables vanish, and served when they are back",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* Arena.start(["one"])
        yield* Arena.finished(yield* Arena.plain(10, 10), "30 seconds")
        yield* sql.unsafe(`alter schema millrace rename to hidden`)
        const before = (yield* Arena.logOf("one")).split("\n").length
        yield* Effect.sleep("10 seconds")
        const lines = (yield* Arena.logOf("one")).split("\n").filter((line) => line.includes("timestamp=")).length -
          before
        yield* sql.unsafe(`alter schema hidden rename to millrace`)
        console.info(`F43: ${lines} lines logged in ten seconds without tables`)
        // Every actor says at most one line a second, and pauses up to three.
        assert.isAtMost(lines, 120)
        yield* Arena.finished(yield* Arena.plain(10, 10), "30 seconds")
      }).pipe(Effect.provide(Arena.layer)),
    90_000
  )

  it.live(
    "F33: is served in full under limits of 500 ms for a statement and 200 ms for a lock",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        for (const [name, value] of [["statement_timeout", "500ms"], ["lock_timeout", "200ms"]] as const) {
          yield* sql.unsafe(`alter database postgres set ${name} = '${value}'`)
        }
        yield* Arena.start(["one", "two"])
        const ids = yield* Arena.plain(1_000, 20)
        yield* ranOnce(ids, yield* Arena.finished(ids, "60 seconds"))
      }).pipe(Effect.provide(Arena.layer)),
    90_000
  )

  it.live("F35: keeps the leases of its workers when others take every connection", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      // Long enough for a slow machine, short enough to end while the connections are taken.
      yield* Arena.start(["one"], { leaseDuration: "8 seconds" })
      const ids = yield* Arena.plain(5, 15_000)
      yield* Wait.until("five starts", "30 seconds", Arena.executions, (all) => all.length === 5)
      yield* Effect.scoped(Effect.gen(function*() {
        const { postgres } = yield* Arena.Arena
        const greedy = Context.get(
          yield* Layer.build(
            Layer.fresh(PgClient.layer({ url: postgres.url, maxConnections: 400, applicationName: "greedy" }))
          ),
          PgClient.PgClient
        )
        const hold = Effect.ignore(Effect.andThen(greedy.reserve, Effect.sleep("12 seconds")))
        yield* Effect.forEach(Array.from({ length: 250 }), () => Effect.scoped(hold), {
          concurrency: "unbounded",
          discard: true
        }).pipe(Effect.timeoutOption("12 seconds"))
      }))
      yield* ranOnce(ids, yield* Arena.finished(ids, "60 seconds"))
      assert.strictEqual((yield* sql.unsafe(`select 1`)).length, 1)
    }).pipe(Effect.provide(Arena.layer)), 120_000)

  it.live("F40: lends what nobody has locked, and the rest when the lock is gone", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const locked = yield* Arena.plain(200, 5)
      const held = yield* Deferred.make<void>()
      const enough = yield* Deferred.make<void>()
      const holder = yield* Effect.forkChild(sql.withTransaction(
        sql.unsafe(`select id from millrace.ready for update`).pipe(
          Effect.andThen(Deferred.succeed(held, undefined)),
          Effect.andThen(Deferred.await(enough))
        )
      ))
      yield* Deferred.await(held)
      yield* Arena.start(["one"])
      const free = yield* Arena.plain(200, 5)
      yield* Arena.finished(free, "40 seconds")
      const isLocked = new Set(locked)
      assert.deepStrictEqual((yield* Arena.executions).filter(({ id }) => isLocked.has(id)), [])
      yield* Deferred.succeed(enough, undefined)
      yield* Fiber.join(holder)
      yield* ranOnce([...locked, ...free], yield* Arena.finished(locked, "30 seconds"))
    }).pipe(Effect.provide(Arena.layer)), 90_000)
})

describe("a network", () => {
  it.live(
    "F23: leaves one job when the answer to an enqueue is lost and the caller repeats it with its key",
    () =>
      Effect.gen(function*() {
        const { proxy, through } = yield* Arena.Arena
        const caller = PgClient.layer({ url: through, maxConnections: 1, applicationName: "caller" })
        // Fresh: the queue of the test itself goes past the proxy.
        const client = Layer.fresh(Queue.layer.pipe(Layer.provide(PgStorage.layer), Layer.provide(caller)))
        const enqueue = CrashJobs.Work.enqueue(jobFor(0), { unique: "order-1" })
        const [first, second] = yield* Effect.gen(function*() {
          let cuts = 0
          proxy.onClientBytes = (connection, bytes) => {
            if (!bytes.includes("crash-work") || cuts > 0) return
            cuts += 1
            proxy.set(connection, { _tag: "HoldReplies" })
            setTimeout(() => proxy.reset(connection), 500)
          }
          return [yield* Effect.exit(enqueue), yield* enqueue] as const
        }).pipe(Effect.provide(client))
        assert.isTrue(Exit.isFailure(first))
        assert.strictEqual(second._tag, "Duplicate")
        assert.strictEqual((yield* StoredJobs.read).jobs.length, 1)
      }).pipe(Effect.provide(Arena.layer)),
    60_000
  )

  it.live(
    "F25: delays jobs and spends no attempt when it loses the answer to their claim",
    () =>
      Effect.gen(function*() {
        const { proxy } = yield* Arena.Arena
        const sql = yield* PgClient.PgClient
        yield* Arena.start(["one"], { leaseDuration: "4 seconds" })
        yield* Arena.finished(yield* Arena.plain(5, 10), "30 seconds")
        for (const connection of proxy.connections()) {
          if (!connection.isListener) proxy.set(connection, { _tag: "HoldReplies" })
        }
        const ids = yield* Arena.plain(5, 10)
        yield* Wait.until(
          "the claim",
          "15 seconds",
          sql.unsafe<{ readonly n: number }>(`select count(*)::int as n from millrace.lease`),
          ([row]) => (row?.n ?? 0) > 0
        )
        for (const connection of proxy.connections()) {
          if (connection.mode._tag === "HoldReplies") proxy.reset(connection)
        }
        const { attempts, jobs } = yield* Arena.finished(ids, "60 seconds")
        assert.deepStrictEqual(jobs.filter(({ crashes, state }) => state !== "completed" || crashes > 0), [])
        assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome !== "released"), [])
        assert.deepStrictEqual(yield* Arena.repeated, [])
      }).pipe(Effect.provide(Arena.layer)),
    120_000
  )

  it.live(
    "F26, F27: delays a job by at most 1.5 seconds when it ends or silences the listener, which is noticed in 30",
    () =>
      Effect.gen(function*() {
        const { proxy } = yield* Arena.Arena
        const sql = yield* PgClient.PgClient
        yield* Arena.start(["one"])
        const listener = () => proxy.connections().filter(({ isListener, mode }) => isListener && mode._tag === "Pass")
        const listens = Wait.until(
          "a listener",
          "20 seconds",
          Effect.sync(() => listener().length),
          (count) => count > 0
        )
        yield* listens
        yield* sql.unsafe(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'one' and query ilike 'listen%'`
        )
        yield* Effect.sleep("5 seconds")
        yield* listens
        const old = listener()
        for (const connection of old) proxy.set(connection, { _tag: "Silent" })
        const silencedMillis = performance.now()
        let detectedMillis = Infinity
        const waits: Array<number> = []
        while (performance.now() - silencedMillis < 32_000) {
          const enqueuedMillis = performance.timeOrigin + performance.now()
          const [id] = yield* Arena.plain(1, 1)
          const [start] = yield* Wait.until("its start", "60 seconds", Arena.executions, (all) =>
            all.some((execution) =>
              execution.id === id
            )).pipe(
              Effect.map((all) =>
                all.filter((execution) => execution.id === id)
              )
            )
          waits.push((start?.startedMillis ?? Infinity) - enqueuedMillis)
          if (detectedMillis === Infinity && listener().length > 0) detectedMillis = performance.now() - silencedMillis
          yield* Effect.sleep("300 millis")
        }
        const worst = Math.max(...waits)
        Promised.within("F27: the worst pick-up", worst, 1_500)
        Promised.within("F27: detection", detectedMillis, 30_000)
      }).pipe(Effect.provide(Arena.layer)),
    150_000
  )

  it.live(
    "F28: stops a worker for no longer than a deadline when it silences its connections",
    () =>
      Effect.gen(function*() {
        const { proxy } = yield* Arena.Arena
        yield* Arena.start(["one"])
        const ids = yield* Arena.plain(300, 100)
        yield* endsReach(50)
        for (const connection of proxy.connections()) {
          if (!connection.isListener) proxy.set(connection, { _tag: "Silent" })
        }
        const { attempts, jobs } = yield* Arena.finished(ids, "90 seconds")
        assert.deepStrictEqual(jobs.filter(({ state }) => state !== "completed"), [])
        assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome === "failed"), [])
      }).pipe(Effect.provide(Arena.layer)),
    150_000
  )
})
