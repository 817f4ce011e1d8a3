import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Job from "../src/Job.ts"
import * as JobRegistry from "../src/JobRegistry.ts"

const A = Job.make("A", { payload: {} })
const B = Job.make("B", { payload: {} })

describe("JobRegistry", () => {
  it.effect("knows nothing and is not strict unless it is provided", () =>
    Effect.gen(function*() {
      const { definitions, strict } = yield* JobRegistry.JobRegistry
      assert.deepStrictEqual([definitions.size, strict], [0, false])
    }))

  it.effect("knows definitions by name, the later one of a name", () =>
    Effect.gen(function*() {
      const other = Job.make("A", { payload: {}, version: 2 })
      const { definitions, strict } = yield* JobRegistry.JobRegistry
      assert.deepStrictEqual([...definitions.keys()], ["A", "B"])
      assert.strictEqual(definitions.get("A")?.options.version, 2)
      assert.isTrue(strict)
      assert.strictEqual(JobRegistry.make([A, other]).definitions.get("A"), other)
    }).pipe(Effect.provide(JobRegistry.layer([A, B, Job.make("A", { payload: {}, version: 2 })], { strict: true }))))
})
