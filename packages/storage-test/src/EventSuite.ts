/**
 * Events: hints that come when something happened. None of them is relied upon elsewhere.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import { Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

/** Subscribes, and returns when the storage is connected. */
const subscribe = Effect.gen(function*() {
  const storage = yield* Storage.Storage
  const events = yield* Queue.unbounded<Storage.StorageEvent>()
  yield* Stream.runForEach(storage.events, (event) => Queue.offer(events, event)).pipe(Effect.forkScoped)
  yield* waitFor(events, (event) => event._tag === "Connected")
  return events
})

/**
 * Waits for an event. A driver may hold hints back for a while to send fewer, so the clock is moved
 * on while waiting. The number of rounds bounds a failing test only.
 */
const waitFor = Effect.fnUntraced(function*(
  events: Queue.Dequeue<Storage.StorageEvent>,
  isWanted: (event: Storage.StorageEvent) => boolean
) {
  for (let round = 0; round < 500; round++) {
    const arrived = yield* Queue.clear(events)
    const found = arrived.find(isWanted)
    if (found !== undefined) return found
    yield* TestClock.adjust(1)
    yield* TestClock.withLive(Effect.sleep(10))
  }
  return yield* Effect.die(new Error("the hint did not come"))
})

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("events", () => {
    test("begin with Connected and tell of new available jobs", () =>
      Effect.gen(function*() {
        const events = yield* subscribe
        yield* Steps.insert({}, {})
        yield* waitFor(events, (event) => event._tag === "Available" && event.queue === "default")
      }))

    test("tell of jobs that are promoted, retried by hand or reclaimed", () =>
      Effect.gen(function*() {
        const events = yield* subscribe
        const isAvailable = (event: Storage.StorageEvent) => event._tag === "Available" && event.queue === "q"
        const [first, second] = yield* Steps.insert(
          { queue: "q", delayMillis: 5000 },
          { queue: "q", delayMillis: 6_000_000 }
        )
        yield* TestClock.adjust(10_000)
        yield* Steps.promote()
        yield* waitFor(events, isAvailable)
        yield* Steps.transition([Steps.present(second, "an id")], "Retry")
        yield* waitFor(events, isAvailable)
        yield* Steps.register()
        yield* Steps.claim({ queue: "q", limit: 2 })
        yield* Steps.crashWorkers
        yield* waitFor(events, isAvailable)
        assert.strictEqual((yield* Steps.get(Steps.present(first, "an id"))).state, "available")
      }))

    test("tell of a job that is due earlier", () =>
      Effect.gen(function*() {
        const events = yield* subscribe
        yield* Steps.insertOne({ delayMillis: 60_000 })
        yield* waitFor(events, (event) => event._tag === "Scheduled")
      }))

    test("tell the worker of a running job to stop", () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running()
        const events = yield* subscribe
        yield* Steps.transition([claim.id], "Cancel")
        yield* waitFor(events, (event) => event._tag === "CancelRequested" && event.workerId === "w1")
      }))

    test("tell which jobs ended", () =>
      Effect.gen(function*() {
        const claim = yield* Steps.running()
        const events = yield* subscribe
        yield* Steps.settle(claim, Fixture.outcomes.completed())
        yield* waitFor(events, (event) => event._tag === "Finished" && event.ids.includes(claim.id))
      }))

    test("reach every subscriber and end with its scope", () =>
      Effect.gen(function*() {
        const storage = yield* Storage.Storage
        const gone = yield* Stream.runDrain(storage.events).pipe(Effect.forkChild)
        const first = yield* subscribe
        const second = yield* subscribe
        yield* Fiber.interrupt(gone)
        yield* Steps.insertOne()
        for (const events of [first, second]) yield* waitFor(events, (event) => event._tag === "Available")
      }))
  })
}
