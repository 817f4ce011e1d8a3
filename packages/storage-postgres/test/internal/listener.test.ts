import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { Storage } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Effect, Fiber, Queue, Stream } from "effect"
import * as LiveDatabase from "../support/liveDatabase.ts"

/** The events of a storage as they come, and how the stream ends. */
const follow = Effect.fnUntraced(function*({ storage }: LiveDatabase.Live) {
  const events = yield* Queue.unbounded<Storage.StorageEvent>()
  const ended = yield* storage.events.pipe(
    Stream.runForEach((event) => Queue.offer(events, event)),
    Effect.flip,
    Effect.forkScoped
  )
  return { events, ended }
})

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("listener", (it) => {
  it.effect("begins with Connected, and passes on what other processes do from then on", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const other = yield* LiveDatabase.live()
      const { events } = yield* follow(shop)
      assert.deepStrictEqual(yield* Queue.take(events), { _tag: "Connected" })
      yield* other.storage.insert([Fixture.newJob({ queue: "mail \"1\" 🚚", delayMillis: 0 })])
      assert.deepStrictEqual(yield* Queue.take(events), { _tag: "Available", queue: "mail \"1\" 🚚" })
      yield* other.storage.insert([Fixture.newJob({ delayMillis: 60_000 })])
      assert.deepStrictEqual(yield* Queue.take(events), { _tag: "Scheduled" })
    }))

  it.effect("tells the worker of another process that its job was asked to stop", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live()
      const other = yield* LiveDatabase.live()
      yield* LiveDatabase.register(shop, "w1")
      const [job] = yield* shop.storage.insert([Fixture.newJob({ queue: "stop" })])
      yield* LiveDatabase.claim(shop, { queue: "stop" })
      const { events } = yield* follow(shop)
      yield* Queue.take(events)
      assert(job !== undefined)
      yield* other.storage.transition([job.id], { _tag: "Cancel", reason: "enough" })
      const heard = yield* Queue.take(events).pipe(Effect.repeat({ until: ({ _tag }) => _tag === "CancelRequested" }))
      assert.deepStrictEqual(heard, { _tag: "CancelRequested", workerId: "w1" })
    }))

  // F26
  it.effect("fails when its connection ends, and can be run again", () =>
    Effect.gen(function*() {
      const admin = yield* PgClient.PgClient
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 2, applicationName: "listening" } })
      const other = yield* LiveDatabase.live()
      for (const round of [1, 2]) {
        const { ended, events } = yield* follow(shop)
        assert.deepStrictEqual(yield* Queue.take(events), { _tag: "Connected" })
        yield* other.storage.insert([Fixture.newJob({ queue: `round ${round}` })])
        yield* Queue.take(events).pipe(
          Effect.repeat({ until: (event) => event._tag === "Available" && event.queue === `round ${round}` })
        )
        yield* admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listening'`
        assert.strictEqual((yield* Fiber.join(ended)).reason._tag, "Unavailable")
      }
    }))

  it.effect("gives its connection back when nobody listens any more", () =>
    Effect.gen(function*() {
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 1 } })
      for (let n = 0; n < 5; n++) {
        const first = yield* shop.storage.events.pipe(Stream.take(1), Stream.runCollect)
        assert.deepStrictEqual(first, [{ _tag: "Connected" }])
      }
      yield* shop.storage.overview
    }))
})
