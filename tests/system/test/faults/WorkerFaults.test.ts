/**
 * Faults of worker processes: death, standstill, poison, and graceful ends. Names begin with the number of the fault.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Arena from "../../src/crash/Arena.ts"
import * as CrashLedger from "../../src/crash/CrashLedger.ts"
import * as StaleWrites from "../../src/crash/StaleWrites.ts"
import * as StoredJobs from "../../src/crash/StoredJobs.ts"
import * as Promised from "../../src/Promised.ts"
import * as Wait from "../../src/Wait.ts"

/** From the death of a worker to the start of each of its jobs elsewhere, with default settings. */
const restartMillis = 15_000

describe("a worker process", () => {
  it.live(
    "F01: loses only its jobs in flight to a SIGKILL, and they run elsewhere within 15 seconds",
    () =>
      Effect.gen(function*() {
        const { workers } = yield* Arena.Arena
        yield* Arena.start(["one", "two", "three"])
        const ids = yield* Arena.plain(600, 250)
        const deaths = new Map<string, number>()
        for (const place of ["one", "two", "three", "one"]) {
          yield* Effect.sleep("1500 millis")
          const victim = yield* Arena.memberAt(place)
          yield* workers.kill(victim)
          deaths.set(victim.name, CrashLedger.nowMillis())
        }
        yield* Arena.finished(ids, "90 seconds")
        const all = yield* Arena.executions
        const cut = all.filter(({ by, isSettled }) => deaths.has(by) && !isSettled)
        const waits = cut.flatMap(({ by, id, token }) => {
          const next = all.find((execution) => execution.id === id && execution.token > token)
          return next === undefined ? [] : [next.startedMillis - (deaths.get(by) ?? 0)]
        }).toSorted((one, other) => one - other)
        console.info(
          `F01: ${cut.length} jobs in flight at ${deaths.size} kills, ${waits.length} started again, ` +
            `the last after ${waits.at(-1)} ms`
        )
        assert.isAbove(waits.length, 0)
        Promised.within(
          "F01: from the death of a worker to the start of its last job",
          waits.at(-1) ?? Infinity,
          restartMillis
        )
        assert.isAtMost(all.length - ids.length, cut.length)
        const stored = yield* StoredJobs.read
        assert.deepStrictEqual(stored.jobs.filter(({ state }) => state !== "completed"), [])
      }).pipe(Effect.provide(Arena.layer)),
    180_000
  )

  it.live(
    "F02, F03, F04: can settle and report nothing any more when it was frozen past its lease",
    () =>
      Effect.gen(function*() {
        const { workers } = yield* Arena.Arena
        yield* Arena.start(["frozen"], { leaseDuration: "3 seconds" })
        const ids = yield* Arena.plain(5, 1_500)
        yield* Wait.until("five starts", "30 seconds", Arena.executions, (all) => all.length === 5)
        const frozen = yield* Arena.memberAt("frozen")
        workers.freeze(frozen)
        yield* Arena.start(["heir"], { leaseDuration: "3 seconds" })
        // While the newer attempts run, and again when they are over.
        yield* Wait.until("a newer attempt", "30 seconds", Arena.executions, (all) => all.length > 5)
        const old = (yield* Arena.executions).slice(0, 5)
        const tally: StaleWrites.StaleTally = { tried: 0, accepted: [] }
        yield* StaleWrites.probe(tally, old)
        workers.thaw(frozen)
        yield* Arena.finished(ids, "60 seconds")
        yield* StaleWrites.probe(tally, old)
        assert.isAtLeast(tally.tried, 5 * 9)
        assert.deepStrictEqual(tally.accepted, [])
        const all = yield* Arena.executions
        for (const id of ids) {
          const tokens = all.filter((execution) => execution.id === id).map(({ token }) => token)
          assert.deepStrictEqual(tokens.toSorted((one, other) => one - other), [...new Set(tokens)])
        }
        const { jobs } = yield* StoredJobs.read
        assert.deepStrictEqual(jobs.map(({ state }) => state), ids.map(() => "completed"))
        assert.deepStrictEqual(jobs.filter(({ resultToken, token }) => resultToken !== token), [])
        assert.deepStrictEqual(old.filter(({ isSettled }) => isSettled), [])
      }).pipe(Effect.provide(Arena.layer)),
    120_000
  )

  it.live("F06: keeps its jobs while a handler blocks its event loop for three leases", () =>
    Effect.gen(function*() {
      yield* Arena.start(["blocked"], { leaseDuration: "5 seconds" })
      const ids = yield* Arena.enqueue([
        ...[1, 2, 3].map(() => ({ payload: { kind: "plain" as const, millis: 17_000 } })),
        { payload: { kind: "blocks" as const, millis: 15_000 } }
      ])
      yield* Wait.until("four starts", "30 seconds", Arena.executions, (all) => all.length === 4)
      yield* Arena.start(["heir"], { leaseDuration: "5 seconds" })
      const { attempts, jobs } = yield* Arena.finished(ids, "60 seconds")
      assert.deepStrictEqual(jobs.filter(({ state }) => state !== "completed"), [])
      assert.deepStrictEqual(attempts, [])
      assert.deepStrictEqual(yield* Arena.repeated, [])
    }).pipe(Effect.provide(Arena.layer)), 120_000)

  it.live(
    "F07: interrupts its handlers before others get their jobs when it can renew nothing",
    () =>
      Effect.gen(function*() {
        const { proxy } = yield* Arena.Arena
        yield* Arena.start(["lonely"], { leaseDuration: "4 seconds" })
        const ids = yield* Arena.enqueue([1, 2, 3].map(() => ({ payload: { kind: "never" as const, millis: 0 } })))
        yield* Wait.until("three starts", "30 seconds", Arena.executions, (all) => all.length === 3)
        const isLonely = ({ name }: { readonly name: string }) => name.startsWith("lonely")
        // What it has, and whatever it opens from now on, its heart included.
        proxy.onClientBytes = (connection) => {
          if (isLonely(connection)) proxy.set(connection, { _tag: "Silent" })
        }
        for (const connection of proxy.connections().filter(isLonely)) proxy.set(connection, { _tag: "Silent" })
        yield* Arena.start(["heir"], { leaseDuration: "4 seconds" })
        yield* Arena.finished(ids, "60 seconds")
        const all = yield* Arena.executions
        const overlaps = ids.flatMap((id) => {
          const [first, second] = all.filter((execution) => execution.id === id)
          const isOver = first?.how === "interrupted" && second !== undefined &&
            (first.endedMillis ?? Infinity) <= second.startedMillis
          return isOver ? [] : [{ first, second }]
        })
        assert.deepStrictEqual(overlaps, [])
      }).pipe(Effect.provide(Arena.layer)),
    120_000
  )

  it.live("F08, F09: takes no innocent job with it when five poison jobs abort it", () =>
    Effect.gen(function*() {
      yield* Arena.start(["one", "two"])
      const ids = yield* Arena.enqueue(Array.from({ length: 120 }, (_, at) => ({
        payload: at % 24 === 5 ? { kind: "aborts" as const, millis: 20 } : { kind: "plain" as const, millis: 40 }
      })))
      const { attempts, jobs } = yield* Arena.finished(ids, "150 seconds")
      const innocent = jobs.filter(({ kind }) => kind === "plain")
      const poison = jobs.filter(({ kind }) => kind === "aborts")
      console.info(
        `F09: crashes of the poison ${poison.map(({ crashes }) => crashes).join(", ")}; ` +
          `innocent jobs that crashed with them: ${innocent.filter(({ crashes }) => crashes > 0).length} of 115`
      )
      assert.strictEqual(innocent.length, 115)
      assert.deepStrictEqual(innocent.filter(({ state }) => state !== "completed"), [])
      assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome === "failed"), [])
      assert.deepStrictEqual(poison.map(({ state, tag }) => [state, tag]), poison.map(() => ["dead", "Crashed"]))
      assert.deepStrictEqual(poison.filter(({ crashes }) => crashes > 3), [])
    }).pipe(Effect.provide(Arena.layer)), 200_000)

  it.live(
    "F10: that runs out of memory is a crash of the job that used it up, and of no other",
    () =>
      Effect.gen(function*() {
        yield* Arena.start(["small-one", "small-two"], { leaseDuration: "4 seconds" })
        const ids = yield* Arena.enqueue(Array.from({ length: 40 }, (_, at) => ({
          payload: at === 7 ? { kind: "hoards" as const, millis: 0 } : { kind: "plain" as const, millis: 40 }
        })))
        const { attempts, jobs } = yield* Arena.finished(ids, "120 seconds")
        assert.deepStrictEqual(
          jobs.filter(({ kind, state }) => state !== (kind === "hoards" ? "dead" : "completed")),
          []
        )
        assert.deepStrictEqual(jobs.filter(({ kind, tag }) => kind === "hoards" && tag !== "Crashed"), [])
        assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome === "failed"), [])
      }).pipe(Effect.provide(Arena.layer)),
    180_000
  )

  it.live(
    "F14: finishes what it can and gives back the rest at once when it is asked to stop",
    () =>
      Effect.gen(function*() {
        const { workers } = yield* Arena.Arena
        yield* Arena.start(["stops"], { graceDuration: "2 seconds" })
        const short = yield* Arena.plain(5, 1_000)
        const long = yield* Arena.enqueue(
          [1, 2, 3, 4, 5].map(() => ({ payload: { kind: "never" as const, millis: 0 } }))
        )
        yield* Wait.until("ten starts", "30 seconds", Arena.executions, (all) => all.length === 10)
        const member = yield* Arena.memberAt("stops")
        const askedMillis = performance.now()
        yield* workers.stop(member)
        const tookMillis = performance.now() - askedMillis
        assert.deepStrictEqual(member.exit, { code: 0, signal: null })
        Promised.within("F14: a stop", tookMillis, 4_500)
        const { attempts, jobs, leftovers } = yield* StoredJobs.read
        const stateOf = (ids: ReadonlyArray<number>) =>
          jobs.filter(({ id }) => ids.includes(id)).map(({ state }) => state)
        assert.deepStrictEqual(stateOf(short), short.map(() => "completed"))
        assert.deepStrictEqual(attempts.map(({ outcome }) => outcome), long.map(() => "released"))
        assert.deepStrictEqual(jobs.filter(({ crashes }) => crashes > 0), [])
        // The next process may have begun already.
        assert.isAtMost(leftovers.workers, 1)
      }).pipe(Effect.provide(Arena.layer)),
    90_000
  )

  it.live("F15: ends when it is asked to stop while the database is away", () =>
    Effect.gen(function*() {
      const { postgres, workers } = yield* Arena.Arena
      yield* Arena.start(["stops"], { graceDuration: "2 seconds" })
      yield* Arena.plain(5, 500)
      yield* Wait.until("five starts", "30 seconds", Arena.executions, (all) => all.length === 5)
      const member = yield* Arena.memberAt("stops")
      yield* postgres.crash
      const askedMillis = performance.now()
      yield* workers.stop(member)
      Promised.within("F15: a stop without database", performance.now() - askedMillis, 8_000)
      assert.strictEqual(member.fate, "stopped")
      yield* postgres.start
    }).pipe(Effect.provide(Arena.layer)), 90_000)

  it.live(
    "F17: spends no attempt of the jobs that it had claimed ahead when it is killed",
    () =>
      Effect.gen(function*() {
        const { workers } = yield* Arena.Arena
        const options = { concurrency: 2, prefetch: 200, leaseDuration: "3 seconds" } as const
        yield* Arena.start(["one"], options)
        const ids = yield* Arena.plain(1_000, 5)
        yield* Wait.until("some starts", "30 seconds", Arena.executions, (all) => all.length > 200)
        const victim = yield* Arena.memberAt("one")
        yield* workers.kill(victim)
        const { attempts, jobs } = yield* Arena.finished(ids, "90 seconds")
        assert.deepStrictEqual(jobs.filter(({ state }) => state !== "completed"), [])
        assert.deepStrictEqual(attempts.filter(({ outcome }) => !["crashed", "released"].includes(outcome)), [])
        // As many as it may hold: its slots, and what it may claim ahead of them.
        assert.isAtMost(attempts.filter(({ outcome }) => outcome === "crashed").length, 2 + 200)
        assert.isAtMost(
          (yield* Arena.repeated).length,
          (yield* Arena.executions).filter(({ by, isSettled }) => by === victim.name && !isSettled).length
        )
      }).pipe(Effect.provide(Arena.layer)),
    150_000
  )

  it.live("F16: repeats no job when it is replaced again and again under load", () =>
    Effect.gen(function*() {
      const { workers } = yield* Arena.Arena
      yield* Arena.start(["one", "two"])
      const ids = yield* Arena.plain(800, 150)
      for (const place of ["one", "two", "one", "two", "one", "two"]) {
        yield* workers.stop(yield* Arena.memberAt(place))
        yield* Arena.memberAt(place)
      }
      const { attempts, jobs } = yield* Arena.finished(ids, "90 seconds")
      assert.deepStrictEqual(jobs.filter(({ state }) => state !== "completed"), [])
      assert.deepStrictEqual(attempts.filter(({ outcome }) => outcome !== "released"), [])
      assert.deepStrictEqual(yield* Arena.repeated, [])
    }).pipe(Effect.provide(Arena.layer)), 150_000)
})
