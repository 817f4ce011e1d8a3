import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage, Storage } from "@millrace/storage"
import { Effect, Fiber, Layer, PubSub, Stream } from "effect"
import * as EventHub from "../src/EventHub.ts"

const available = (queue: string): Storage.StorageEvent => ({ _tag: "Available", queue })

/** A hub on a storage whose hints a test gives, and how often it was subscribed to. */
const harness = Effect.gen(function*() {
  const memory = yield* MemoryStorage.make()
  const source = yield* PubSub.unbounded<Storage.StorageEvent | "fail">()
  let subscriptions = 0
  const unavailable = yield* Effect.flip(memory.list({ limit: 0 }))
  const events = Stream.suspend(() => {
    subscriptions++
    return Stream.mapEffect(
      Stream.fromPubSub(source),
      (event) => event === "fail" ? Effect.fail(unavailable) : Effect.succeed(event)
    )
  })
  const layer = EventHub.layer.pipe(Layer.provide(Layer.succeed(Storage.Storage, { ...memory, events })))
  const context = yield* Layer.build(layer)
  yield* Effect.yieldNow
  return {
    hub: yield* Effect.provideContext(EventHub.EventHub, context),
    give: (event: Storage.StorageEvent | "fail") => PubSub.publish(source, event),
    subscriptions: () => subscriptions
  }
})

describe("EventHub", () => {
  it.live("hands every hint to every listener, over one subscription", () =>
    Effect.gen(function*() {
      const { give, hub, subscriptions } = yield* harness
      const listen = Effect.forkChild(Stream.runCollect(Stream.take(hub.events, 3)), { startImmediately: true })
      const first = yield* listen
      const second = yield* listen
      yield* Effect.sleep("20 millis")
      yield* give(available("a"))
      yield* give(available("b"))
      const expected = [{ _tag: "Connected" as const }, available("a"), available("b")]
      assert.deepStrictEqual(yield* Fiber.join(first), expected)
      assert.deepStrictEqual(yield* Fiber.join(second), expected)
      assert.strictEqual(subscriptions(), 1)
    }))

  it.live("subscribes again when the storage's hints stop", () =>
    Effect.gen(function*() {
      const { give, hub, subscriptions } = yield* harness
      const listener = yield* Effect.forkChild(Stream.runCollect(Stream.take(hub.events, 2)), {
        startImmediately: true
      })
      yield* Effect.sleep("20 millis")
      yield* give("fail")
      while (subscriptions() < 2) yield* Effect.sleep("20 millis")
      yield* Effect.sleep("20 millis")
      yield* give(available("again"))
      assert.deepStrictEqual((yield* Fiber.join(listener)).at(-1), available("again"))
    }))

  it.live("ends the streams that it lets go on when it closes", () =>
    Effect.gen(function*() {
      const { hub } = yield* harness
      const listener = yield* Effect.forkChild(Stream.runCollect(hub.until(hub.events)), { startImmediately: true })
      yield* Effect.sleep("20 millis")
      yield* hub.close
      assert.deepStrictEqual(yield* Fiber.join(listener), [{ _tag: "Connected" }])
    }))
})
