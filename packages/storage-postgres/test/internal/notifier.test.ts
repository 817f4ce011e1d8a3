import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { Storage } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Deferred, Effect, Fiber, Queue, Stream } from "effect"
import * as Hint from "../../src/internal/hint.ts"
import * as PgSchema from "../../src/PgSchema.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"

const { newJob } = Fixture

/** What the server passes on to whoever listens. */
const listen = Effect.flatMap(
  LiveDatabase.client({ maxConnections: 1 }),
  (sql) => sql.listen(PgSchema.channel("millrace"))
)

/** Everything that was passed on until a queue's name is heard. */
const until = (notifications: Effect.Success<typeof listen>, queue: string) => {
  const payloads: Array<string> = []
  const events: Array<Storage.StorageEvent> = []
  return Queue.take(notifications).pipe(
    Effect.map(({ payload }) => {
      payloads.push(payload)
      events.push(...Hint.unpack(payload, "nobody"))
      return events.some((event) => event._tag === "Available" && event.queue === queue)
    }),
    Effect.repeat({ until: (isThere) => isThere }),
    Effect.as({ payloads, events })
  )
}

const queues = (events: ReadonlyArray<Storage.StorageEvent>) =>
  events.flatMap((event) => (event._tag === "Available" ? [event.queue] : []))

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("notifier", (it) => {
  it.effect("sends at most one hint in 15 ms, however many jobs there are", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 8 } })
      const heard = yield* listen
      const start = performance.now()
      yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, n) => newJob({ queue: `q${n % 5}` })),
        (job) => shop.storage.insert([job]),
        { concurrency: 50 }
      )
      yield* shop.storage.insert([newJob({ queue: "end" })])
      const { events, payloads } = yield* until(heard, "end")
      const elapsed = performance.now() - start
      assert.isAtMost(payloads.length, elapsed / 15 + 2)
      assert.isBelow(payloads.length, 500)
      assert.includeMembers(queues(events), ["q0", "q1", "q2", "q3", "q4", "end"])
    }))

  it.effect("F39: hints at jobs after their transaction, and never at those that were rolled back", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const other = yield* LiveDatabase.live()
      const heard = yield* listen
      const insert = (queue: string) => shop.storage.insert([newJob({ queue })])
      yield* Effect.ignore(shop.sql.withTransaction(Effect.andThen(insert("undone"), Effect.fail("no"))))
      const inserted = yield* Deferred.make<void>()
      const release = yield* Deferred.make<void>()
      const open = yield* shop.sql.withTransaction(Effect.gen(function*() {
        yield* insert("kept")
        yield* Effect.ignore(shop.sql.withTransaction(Effect.andThen(insert("nested and undone"), Effect.fail("no"))))
        yield* Deferred.succeed(inserted, undefined)
        yield* Deferred.await(release)
      })).pipe(Effect.forkChild)
      yield* Deferred.await(inserted)
      // Hints of both processes go through the one channel in the order of their commits.
      yield* other.storage.insert([newJob({ queue: "marker" })])
      assert.deepStrictEqual(queues((yield* until(heard, "marker")).events), ["marker"])
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(open)
      assert.deepStrictEqual(queues((yield* until(heard, "kept")).events), ["kept"])
    }))

  it.effect("tells its own process at once, of what no other hears as well", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const seen: Array<string> = []
      const connected = yield* Deferred.make<void>()
      const finished = yield* Deferred.make<void>()
      yield* shop.storage.events.pipe(
        Stream.runForEach((event) =>
          Effect.gen(function*() {
            seen.push(event._tag)
            if (event._tag === "Connected") yield* Deferred.succeed(connected, undefined)
            if (event._tag === "Finished") yield* Deferred.succeed(finished, undefined)
          })
        ),
        Effect.forkScoped
      )
      yield* Deferred.await(connected)
      yield* shop.storage.insert([newJob(), newJob({ delayMillis: 60_000 })])
      const claims = yield* LiveDatabase.claim(shop)
      yield* shop.storage.settle("w1", claims.map((claim) => Fixture.settlement(claim, Fixture.outcomes.completed())))
      yield* Deferred.await(finished)
      assert.includeMembers(seen, ["Connected", "Available", "Scheduled", "Finished"])
    }))

  it.effect("goes on sending after the server refused a hint", () =>
    Effect.gen(function*() {
      const admin = yield* PgClient.PgClient
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 1, applicationName: "hinting" } })
      const heard = yield* listen
      yield* shop.storage.insert([newJob({ queue: "before" })])
      yield* until(heard, "before")
      yield* admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hinting'`
      yield* LiveDatabase.eventually(shop.storage.insert([newJob({ queue: "after" })]))
      assert.include(queues((yield* until(heard, "after")).events), "after")
    }))
})
