import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import * as JobsModule from "../src/JobsModule.ts"
import * as Jobs from "./fixtures/jobs.ts"

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname

const refused = Effect.fnUntraced(function*(path: string) {
  const error = yield* Effect.flip(JobsModule.load(path))
  assert.instanceOf(error, JobsModule.JobsModuleFailed)
  assert.include(error.message, path)
  return error.message
})

layer(NodeServices.layer)("JobsModule", (it) => {
  it.effect("finds layers exported by name, as default and in lists, each once", () =>
    Effect.gen(function*() {
      const layers = yield* JobsModule.load(fixture("jobs.ts"))
      assert.strictEqual(layers.length, 4)
      assert.strictEqual(JobsModule.layersOf(Jobs).length, 4)
      assert.isTrue(layers.every(Layer.isLayer))
      assert.strictEqual(JobsModule.layersOf({ a: Layer.empty, b: [Layer.empty, 1], c: null }).length, 1)
    }))

  it.effect("resolves a path from the working directory", () =>
    Effect.gen(function*() {
      assert.include(yield* refused("./absent.ts"), `there is no file ${process.cwd()}/absent.ts`)
    }))

  it.effect("says that a folder is no module", () =>
    Effect.gen(function*() {
      assert.include(yield* refused(fixture("")), "is not a file")
    }))

  it.effect("says what a module throws while it loads", () =>
    Effect.gen(function*() {
      assert.include(yield* refused(fixture("throws.ts")), "it fails to load: TypeError: no such setting")
    }))

  it.effect("says what is missing when there is no layer", () =>
    Effect.gen(function*() {
      assert.include(yield* refused(fixture("nothing.ts")), "it exports no job layer")
      assert.include(yield* refused(fixture("definitionOnly.ts")), "the jobs Lonely without a handler")
    }))

  it.effect("says what the compiler of types can not strip", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${directory}/package.json`, "{\"type\":\"module\"}")
      yield* fs.writeFileString(`${directory}/broken.mjs`, "export const = 1\n")
      assert.match(yield* refused(`${directory}/broken.mjs`), /it fails to load: (?:SyntaxError|Rolldown|Error)/)
    }))
})
