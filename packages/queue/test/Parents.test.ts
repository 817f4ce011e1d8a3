import { assert, describe, it } from "@effect/vitest"
import * as JobId from "@millrace/storage/JobId"
import { Deferred, Effect, Fiber, Layer, Ref, Schema } from "effect"
import * as Explanation from "../src/Explanation.ts"
import * as Job from "../src/Job.ts"
import * as JobRegistry from "../src/JobRegistry.ts"
import * as Queue from "../src/Queue.ts"
import * as TestStorage from "./TestStorage.ts"
import * as TestWorker from "./TestWorker.ts"

const Step = Job.make("Step", { payload: { name: Schema.String } })

const Report = Job.make("Report", { payload: { name: Schema.String }, success: Schema.String })

const debounce = { wait: "1 second" } as const

const Saved = Job.make("Saved", { payload: { name: Schema.String }, debounce: { key: () => "k", ...debounce } })

/** Debounced jobs whose payloads become one are stored on a way of their own. */
const Merged = Job.make("Merged", {
  payload: { name: Schema.String },
  debounce: { key: () => "m", reduce: (waiting) => waiting, ...debounce }
})

const stateOf = (id: JobId.JobId) => Queue.Queue.use((queue) => Effect.map(queue.get(id), ({ state }) => state))

const explained = (id: JobId.JobId) =>
  Queue.Queue.use((queue) => Effect.map(queue.explain(id), ({ reasons }) => reasons.map(Explanation.describe)))

describe("parents", () => {
  it.effect("keep a job back until they are completed, and a second after the last one it runs", () =>
    Effect.gen(function*() {
      const done = yield* Ref.make<ReadonlyArray<string>>([])
      const gate = yield* Deferred.make<void>()
      const note = ({ name }: { readonly name: string }) => Ref.update(done, (all) => [...all, name])
      const { register } = yield* TestWorker.start(
        Step.toLayer((payload) =>
          payload.name === "slow" ? Effect.andThen(Deferred.await(gate), note(payload)) : note(payload)
        )
      )
      yield* register(Report.toLayer((payload) => Effect.as(note(payload), "all done")))
      const fast = yield* Step.enqueue({ name: "fast" })
      const slow = yield* Step.enqueue({ name: "slow" })
      const report = yield* Effect.forkChild(
        Report.execute({ name: "report" }, { parents: [slow.id, fast.id, slow.id] })
      )
      yield* TestWorker.pass(5_000)
      assert.deepStrictEqual(yield* Ref.get(done), ["fast"])
      yield* Deferred.succeed(gate, undefined)
      yield* TestWorker.settle
      yield* TestWorker.pass(1_200)
      assert.deepStrictEqual(yield* Ref.get(done), ["fast", "slow", "report"])
      assert.strictEqual(yield* Fiber.join(report), "all done")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("are told of by an explanation as they stand", () =>
    Effect.gen(function*() {
      const [first, second] = yield* Step.enqueueAll([{ payload: { name: "a" } }, { payload: { name: "b" } }])
      assert(first !== undefined && second !== undefined)
      const { id } = yield* Report.enqueue({ name: "r" }, { parents: [second.id, first.id] })
      assert.deepStrictEqual(yield* explained(id), [
        `it waits for 2 jobs to be completed: job ${first.id} (available), ${second.id} (available)`,
        "no worker is alive"
      ])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("end a job that waits for one that failed, and the error of who awaits it says so", () =>
    Effect.gen(function*() {
      const Failing = Job.make("Failing", { payload: {} })
      yield* TestWorker.start(Failing.toLayer(() => Job.dead("never again")))
      const parent = yield* Failing.enqueue({})
      const child = yield* Report.enqueue({ name: "child" }, { parents: [parent.id] })
      const grandchild = yield* Effect.forkChild(
        Effect.flip(Report.execute({ name: "grandchild" }, { parents: [child.id] }))
      )
      yield* TestWorker.pass(3_000)
      assert.strictEqual((yield* Fiber.join(grandchild))._tag, "JobCancelled")
      const queue = yield* Queue.Queue
      assert.deepInclude((yield* queue.get(child.id)).error, {
        tag: "ParentFailed",
        data: { parent: parent.id, state: "dead" }
      })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("that are not there, or too many, or not ids, are refused by name, and nothing is stored", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { id } = yield* Step.enqueue({ name: "a" })
      const stored = storage.count("insert")
      const gone = JobId.makeUnsafe("4711")
      const refused = (parents: ReadonlyArray<JobId.JobId>) => Effect.flip(Step.enqueue({ name: "b" }, { parents }))
      assert.deepInclude(yield* refused([id, gone]), {
        _tag: "InvalidOption",
        field: "parents",
        detail: "job 4711 does not exist: it was never enqueued here, was removed, or was pruned"
      })
      const all = Step.enqueueAll([{ payload: { name: "c" } }, {
        payload: { name: "d" },
        options: { parents: [gone] }
      }])
      assert.deepInclude(yield* Effect.flip(all), { _tag: "InvalidOption", field: "parents" })
      assert.deepInclude(yield* refused([id, JobId.makeUnsafe("x")]), { field: "parents[1]" })
      const many = Array.from({ length: 101 }, (_, n) => JobId.makeUnsafe(n + 1))
      assert.deepInclude(yield* refused(many), { field: "parents" })
      assert.deepInclude(yield* Effect.flip(Step.enqueue({ name: "e" }, { parents: [id], debounce })), {
        field: "parents"
      })
      assert.deepInclude(yield* Effect.flip(Saved.enqueue({ name: "e" }, { parents: [id] })), { field: "parents" })
      assert.lengthOf((yield* (yield* Queue.Queue).list({})).items, 1)
      assert.isAbove(storage.count("insert"), stored)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("that are not there are refused alike beside jobs whose payloads become one", () =>
    Effect.gen(function*() {
      const mixed = (yield* Queue.Queue).enqueueAllEncoded([
        { name: "Merged", payload: { name: "e" } },
        { name: "Step", payload: { name: "f" }, parents: [JobId.makeUnsafe("4711")] }
      ])
      assert.deepInclude(yield* Effect.flip(mixed), { _tag: "InvalidOption", field: "parents" })
    }).pipe(
      Effect.provide(
        Queue.layer.pipe(Layer.provide(JobRegistry.layer([Merged])), Layer.provideMerge(TestStorage.layer()))
      )
    ))

  it.effect("let a job be cancelled or removed while it waits, but neither retried nor promoted", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const parent = yield* Step.enqueue({ name: "a" })
      const waiting = Effect.map(Step.enqueue({ name: "b" }, { parents: [parent.id] }), ({ id }) => id)
      const [first, second] = [yield* waiting, yield* waiting]
      for (const act of [queue.retry(first), queue.promote(first)]) {
        assert.deepInclude(yield* Effect.flip(act), { _tag: "IllegalTransition", id: first, state: "pending" })
      }
      assert.strictEqual(yield* stateOf(first), "pending")
      yield* queue.cancel(first)
      assert.strictEqual(yield* stateOf(first), "cancelled")
      yield* queue.remove(second)
      assert.deepInclude(yield* Effect.flip(queue.get(second)), { _tag: "JobNotFound" })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("that one of many enqueues in one statement has not, refuse that one alone", () =>
    Effect.gen(function*() {
      const results = yield* Effect.all(
        Array.from(
          { length: 10 },
          (_, n) => Effect.result(Step.enqueue({ name: `${n}` }, n === 3 ? { parents: [JobId.makeUnsafe(999)] } : {}))
        ),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), results.map((_, n) => n === 3 ? "Failure" : "Success"))
    }).pipe(Effect.provide(TestWorker.layer())))
})
