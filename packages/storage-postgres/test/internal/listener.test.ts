import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Storage } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Context, Duration, Effect, Fiber, Layer, Queue, Stream } from "effect"
import * as Listener from "../../src/internal/listener.ts"
import * as Notifier from "../../src/internal/notifier.ts"
import * as Session from "../../src/internal/session.ts"
import * as LiveDatabase from "../support/liveDatabase.ts"
import * as LossyProxy from "../support/lossyProxy.ts"

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

  it.effect("F26: fails when its connection ends, and can be run again", () =>
    Effect.gen(function*() {
      const admin = yield* PgClient.PgClient
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 1, applicationName: "listening" } })
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

  it.effect("has a connection of its own, and closes it when nobody listens any more", () =>
    Effect.gen(function*() {
      const admin = yield* PgClient.PgClient
      const shop = yield* LiveDatabase.live({ client: { maxConnections: 1, applicationName: "closing" } })
      for (let n = 0; n < 5; n++) {
        const first = yield* shop.storage.events.pipe(Stream.take(1), Stream.runCollect)
        assert.deepStrictEqual(first, [{ _tag: "Connected" }])
      }
      yield* Effect.scoped(Effect.gen(function*() {
        const { events } = yield* follow(shop)
        yield* Queue.take(events)
        // The only connection of the pool is free.
        yield* shop.storage.overview
      }))
      const count = admin<{ n: number }>`
        select count(*)::int as n from pg_stat_activity where application_name = 'closing'`
      yield* LiveDatabase.eventually(
        Effect.map(count, ([row]) => assert.isAtMost(row?.n ?? 2, 1)).pipe(Effect.sandbox)
      )
    }))

  const impatient = { silenceMillis: 200, answerMillis: 400 }

  const listening = Effect.fnUntraced(function*(through: LossyProxy.LossyProxy) {
    const context = yield* Layer.build(PgClient.layer({ url: through.url, maxConnections: 1 }))
    const session = yield* Session.make(Context.get(context, PgClient.PgClient))
    const notifier = yield* Notifier.make(session)
    const events = yield* Queue.unbounded<Storage.StorageEvent>()
    const ended = yield* Listener.events(session, notifier, impatient).pipe(
      Stream.runForEach((event) => Queue.offer(events, event)),
      Effect.flip,
      Effect.forkScoped
    )
    assert.deepStrictEqual(yield* Queue.take(events), { _tag: "Connected" })
    return { events, ended }
  })

  it.effect("F27: notices a half-open connection by notifying itself, and closes it without a word", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      const { ended } = yield* listening(proxy)
      yield* proxy.swallow
      const [took, error] = yield* Effect.timed(Fiber.join(ended))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.include(error.message, "no sign")
      assert.isBelow(Duration.toMillis(took), 5_000)
    }))

  it.effect("stays with a connection that is silent and answers, and passes no ping on as a hint", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      const { ended, events } = yield* listening(proxy)
      const admin = yield* PgClient.PgClient
      yield* Effect.sleep("1500 millis")
      assert.isUndefined(ended.pollUnsafe())
      yield* admin`select pg_notify('millrace:millrace', 'aafter the silence')`
      assert.deepStrictEqual(yield* Queue.take(events), { _tag: "Available", queue: "after the silence" })
    }))

  it.effect("F27: gives up an attempt to listen that leads nowhere", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const proxy = yield* LossyProxy.make(url)
      yield* proxy.shut
      const context = yield* Layer.build(PgClient.layer({ url: proxy.url, maxConnections: 1 }))
      const session = yield* Session.make(Context.get(context, PgClient.PgClient))
      const notifier = yield* Notifier.make(session)
      const [took, error] = yield* Listener.events(session, notifier, impatient).pipe(
        Stream.runDrain,
        Effect.flip,
        Effect.timed
      )
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.isBelow(Duration.toMillis(took), 3_000)
    }))
})
