import { assert, describe, it } from "@effect/vitest"
import { Job } from "@millrace/queue"
import { Effect, Logger } from "effect"
import * as NodePath from "node:path"
import * as JobsModule from "../src/JobsModule.ts"
import * as Exported from "./support/jobs.ts"

const support = (name: string) => NodePath.join(import.meta.dirname, "support", name)

describe("JobsModule", () => {
  it.effect("loads the definitions that a module exports, one by one and in lists", () =>
    Effect.gen(function*() {
      const definitions = yield* JobsModule.load(support("jobs.ts"))
      assert.sameMembers(definitions.map((definition) => definition.name), ["Resize", "Translate", "Index"])
    }))

  it("finds the same in the exports as such", () => {
    assert.notInclude(JobsModule.definitionsOf(Exported), Exported.somethingElse)
    assert.sameMembers([...JobsModule.definitionsOf(Exported)], [
      Exported.Resize,
      ...Exported.all.slice(1),
      Exported.default
    ])
  })

  it.effect("takes a path relative to the working directory", () =>
    Effect.gen(function*() {
      const definitions = yield* JobsModule.load(NodePath.relative(process.cwd(), support("jobs.ts")))
      assert.strictEqual(definitions.length, 3)
    }))

  it.effect("says which module it can not load", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(JobsModule.load("./missing.ts"))
      assert.include(missing.message, "./missing.ts")
    }))

  it.effect("takes a module without definitions, with a warning", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => lines.push(String(message)))
      const definitions = yield* Effect.provide(JobsModule.load(support("RawSocket.ts")), Logger.layer([logger]))
      assert.deepStrictEqual(definitions, [])
      assert.include(lines.join(), "no job definition")
    }))

  it("takes nothing for a definition that only looks like one", () => {
    const real = Job.make("Real", { payload: {} })
    const fakes = {
      a: 1,
      b: "Real",
      c: { name: "x" },
      d: null,
      e: { name: "x", payloadSchema: {}, codec: {}, options: {} }
    }
    assert.deepStrictEqual(JobsModule.definitionsOf({ ...fakes, real, again: real }).map((each) => each.name), ["Real"])
  })
})
