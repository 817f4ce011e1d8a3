import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Job from "../src/Job.ts"
import { WorkerIdentity } from "../src/WorkerIdentity.ts"
import * as TestStorage from "./TestStorage.ts"
import * as TestWorker from "./TestWorker.ts"

const Work = Job.make("Work", { payload: {} })

describe("WorkerIdentity", () => {
  it.effect("is part of the worker's id and of its registration", () =>
    Effect.gen(function*() {
      const storage = yield* TestStorage.TestStorage
      const { worker } = yield* TestWorker.start(Work.toLayer(() => Effect.void)).pipe(
        Effect.provideService(WorkerIdentity, { host: "box", pid: 42, release: "1.2.3" })
      )
      yield* TestWorker.settle
      assert.match(worker.id, /^box-42-[0-9a-f]{24}$/)
      const { workers: [registered] } = yield* storage.inner.overview
      assert.deepStrictEqual(
        [registered?.info.host, registered?.info.pid, registered?.info.release],
        ["box", 42, "1.2.3"]
      )
      assert.strictEqual(registered?.id, `${worker.id}/1`)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lets two workers of one process have different ids", () =>
    Effect.gen(function*() {
      const one = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      const two = yield* TestWorker.start(Work.toLayer(() => Effect.void))
      assert.notStrictEqual(one.worker.id, two.worker.id)
      assert.strictEqual((yield* WorkerIdentity).pid, process.pid)
    }).pipe(Effect.provide(TestWorker.layer())))
})
