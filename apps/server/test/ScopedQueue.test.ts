import { assert, describe, it } from "@effect/vitest"
import { Queue } from "@millrace/queue"
import type { EnqueueOptions } from "@millrace/queue"
import { JobId, MemoryStorage } from "@millrace/storage"
import { Effect, Layer } from "effect"
import * as Principal from "../src/Principal.ts"
import * as ScopedQueue from "../src/ScopedQueue.ts"

const layers = Layer.fresh(ScopedQueue.layer).pipe(Layer.provide(Queue.layer), Layer.provideMerge(MemoryStorage.layer))

const as = (more: Partial<Principal.Principal>) =>
  Effect.provideService(Principal.CurrentPrincipal, { ...Principal.admin("k"), ...more })

const request = { name: "J", payload: 1 }

describe("ScopedQueue", () => {
  it.effect("has all methods of the queue", () =>
    Effect.gen(function*() {
      const whole = yield* Queue.Queue.use(Effect.succeed).pipe(Effect.provide(Queue.layer))
      assert.sameMembers(Object.keys(yield* Queue.Queue), Object.keys(whole))
    }).pipe(Effect.provide(layers)))

  it.effect("shows nobody anything, and takes nothing of him", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { id } = yield* queue.enqueueEncoded(request).pipe(as({}))
      assert.deepStrictEqual((yield* queue.list({})).items, [])
      assert.strictEqual((yield* Effect.flip(queue.get(id)))._tag, "JobNotFound")
      assert.strictEqual((yield* Effect.flip(queue.remove(id)))._tag, "JobNotFound")
      assert.deepStrictEqual((yield* queue.overview).queues, [])
      assert.strictEqual((yield* Effect.flip(queue.enqueueEncoded(request)))._tag, "InvalidOption")
      assert.strictEqual((yield* queue.get(id).pipe(as({}))).id, id)
    }).pipe(Effect.provide(layers)))

  it.effect("acts on the jobs of a batch that the caller sees, and leaves out the others", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const own = yield* queue.enqueueEncoded({ ...request, tenant: "a" }).pipe(as({}))
      const other = yield* queue.enqueueEncoded({ ...request, tenant: "b" }).pipe(as({}))
      const ids = [own.id, other.id, JobId.makeUnsafe("999")]
      const results = yield* queue.transition(ids, { _tag: "Remove" }).pipe(as({ tenant: "a" }))
      assert.deepStrictEqual(results.map(({ id }) => id), [own.id])
      assert.strictEqual((yield* queue.get(other.id).pipe(as({}))).tenant, "b")
    }).pipe(Effect.provide(layers)))

  it.effect("lets a restricted caller's job wait for his own jobs only, and does not tell of others", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const own = yield* queue.enqueueEncoded({ ...request, tenant: "a" }).pipe(as({}))
      const other = yield* queue.enqueueEncoded({ ...request, tenant: "b" }).pipe(as({}))
      const ofTenant = { tenant: "a" }
      const waiting = (...parents: ReadonlyArray<JobId.JobId>) => queue.enqueueEncoded({ ...request, parents })
      const { id } = yield* waiting(own.id, own.id).pipe(as(ofTenant))
      assert.strictEqual((yield* queue.get(id).pipe(as(ofTenant))).state, "pending")
      const gone = JobId.makeUnsafe("999")
      const errors = yield* Effect.forEach(
        [other.id, gone],
        (parent) => Effect.flip(waiting(own.id, parent).pipe(as(ofTenant)))
      )
      const unknown = (parent: JobId.JobId) =>
        `job ${parent} does not exist: it was never enqueued here, was removed, or was pruned`
      for (const [index, parent] of [other.id, gone].entries()) {
        assert.deepInclude(errors[index], { _tag: "InvalidOption", field: "parents", detail: unknown(parent) })
      }
      const inBatch = queue.enqueueAllEncoded([request, { ...request, parents: [other.id] }])
      assert.deepInclude(yield* Effect.flip(inBatch.pipe(as(ofTenant))), { _tag: "InvalidOption", field: "parents" })
      assert.strictEqual((yield* waiting(other.id).pipe(as({})))._tag, "Enqueued")
      assert.deepInclude(yield* Effect.flip(waiting(gone).pipe(as({}))), { field: "parents", detail: unknown(gone) })
    }).pipe(Effect.provide(layers)))

  it.effect("lets no restricted caller touch the limits and keys of others", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const hour = "1 hour" as const
      const refused = (principal: Partial<Principal.Principal>, options: Partial<EnqueueOptions.EncodedRequest>) =>
        Effect.flip(queue.enqueueEncoded({ ...request, ...options }).pipe(as(principal)))
      const ofTenant = { tenant: "a" }
      const ofQueues = { queues: ["default"] }
      for (
        const [principal, options, field] of [
          [ofTenant, { limits: [{ name: "smtp" }] }, "limits"],
          [ofQueues, { limits: [{ name: "smtp" }] }, "limits"],
          [ofTenant, { throttle: { period: hour, scope: "global" } }, "throttle.scope"],
          [ofTenant, { unique: { key: "k", scope: "queue" } }, "unique.scope"],
          [ofQueues, { unique: { key: "k", scope: "global" } }, "unique.scope"],
          [ofTenant, { debounce: { wait: hour, scope: "queue" } }, "debounce.scope"],
          [ofQueues, { throttle: { period: hour, scope: "global" } }, "throttle.scope"],
          [ofQueues, { debounce: { wait: hour } }, "debounce.scope"]
        ] as const
      ) {
        const error = yield* refused(principal, options)
        assert.deepInclude(error, { _tag: "InvalidOption", field })
      }
      const taken = [
        queue.enqueueEncoded({ ...request, debounce: { wait: hour } }).pipe(as(ofTenant)),
        queue.enqueueEncoded({ ...request, debounce: { wait: hour, scope: "queue" } }).pipe(as(ofQueues)),
        queue.enqueueEncoded({ ...request, limits: [{ name: "smtp" }] }).pipe(as({}))
      ]
      assert.deepStrictEqual((yield* Effect.all(taken)).map(({ _tag }) => _tag), ["Enqueued", "Enqueued", "Enqueued"])
    }).pipe(Effect.provide(layers)))
})
