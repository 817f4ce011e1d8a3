/**
 * Hands the storage's hints to any number of listeners, over one subscription.
 *
 * @since 0.1.0
 */
import { Storage } from "@millrace/storage"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

/**
 * The hub.
 *
 * **Details**
 *
 * - `events` are the hints from now on, beginning with `Connected`. A listener that does not keep up misses the oldest
 * - `until` lets a stream go on until the server stops, or the hub is closed
 * - `close` ends all of these: an open one would hold up the stop of the server
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class EventHub extends Context.Service<EventHub, {
  readonly events: Stream.Stream<Storage.StorageEvent>
  readonly until: <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>
  readonly close: Effect.Effect<void>
}>()("@millrace/server/EventHub") {}

/** Hints that one listener may be behind. */
const backlog = 256

/** The storage's stream fails when its connection does; the pause keeps a database that is away from being pestered. */
const again = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

/**
 * The hub of a storage.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<EventHub, never, Storage.Storage> = Layer.effect(
  EventHub,
  Effect.gen(function*() {
    const storage = yield* Storage.Storage
    const pubsub = yield* PubSub.sliding<Storage.StorageEvent>(backlog)
    const closed = yield* Deferred.make<void>()
    const until = Stream.interruptWhen(Deferred.await(closed))
    yield* storage.events.pipe(
      Stream.runForEach((event) => PubSub.publish(pubsub, event)),
      // A stream that ends without a failure is one that has to be opened again too.
      Effect.andThen(Effect.fail("ended" as const)),
      Effect.tapError((error) => Effect.logDebug("The hints of the storage stopped", error)),
      Effect.retry(again),
      Effect.forkScoped
    )
    return EventHub.of({
      events: Stream.concat(Stream.succeed<Storage.StorageEvent>({ _tag: "Connected" }), Stream.fromPubSub(pubsub)),
      until: (stream) => until(stream),
      close: Effect.asVoid(Deferred.succeed(closed, undefined))
    })
  })
)
