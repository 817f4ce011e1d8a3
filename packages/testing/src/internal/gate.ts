/**
 * The gate between the worker of a test and the storage: while it is closed, nothing is claimed.
 */
import * as Storage from "@millrace/storage/Storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"

/** The gate. `settled` counts the attempts whose end was written. */
export class Gate extends Context.Service<Gate, {
  readonly storage: Storage.Storage["Service"]
  readonly open: Effect.Effect<void>
  readonly close: Effect.Effect<void>
  readonly settled: () => number
}>()("@millrace/testing/internal/gate") {}

/** A closed gate before the storage of the context. */
export const make: Effect.Effect<Gate["Service"], never, Storage.Storage> = Effect.gen(function*() {
  const storage = yield* Storage.Storage
  const hub = yield* PubSub.unbounded<Storage.StorageEvent>()
  let isOpen = false
  let settled = 0
  return Gate.of({
    storage: Storage.Storage.of({
      ...storage,
      claim: (options) => Effect.suspend(() => isOpen ? storage.claim(options) : Effect.succeed([])),
      settle: (workerId, settlements) =>
        Effect.tap(storage.settle(workerId, settlements), (results) =>
          Effect.sync(() => {
            settled += results.filter((result) => result === "Applied").length
          })),
      events: Stream.merge(storage.events, Stream.fromPubSub(hub))
    }),
    // A connection that begins anew makes a worker look for everything.
    open: Effect.suspend(() => {
      isOpen = true
      return Effect.asVoid(PubSub.publish(hub, { _tag: "Connected" }))
    }),
    close: Effect.sync(() => {
      isOpen = false
    }),
    settled: () => settled
  })
})
