import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import * as BuiltinJobs from "../src/BuiltinJobs.ts"
import { recording, runEncoded } from "./handlersFixture.ts"

layer(NodeServices.layer)("BuiltinJobs", (it) => {
  it.effect("registers a handler for every definition", () =>
    Effect.gen(function*() {
      const { handlers, layer } = recording()
      yield* Layer.build(Layer.provide(BuiltinJobs.layer, layer))
      assert.deepStrictEqual(
        [...handlers.keys()].toSorted(),
        BuiltinJobs.definitions.map((definition) => definition.name).toSorted()
      )
    }))

  it.effect("runs both kinds from JSON to JSON, in the folder that the environment names", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      const { handlers, layer } = recording()
      yield* Layer.build(Layer.provide(BuiltinJobs.layer, layer)).pipe(
        Effect.provideService(
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({ env: { MILLRACE_DATA_DIR: root } })
        )
      )
      assert.deepStrictEqual(
        yield* runEncoded(handlers.get("email-notification"), {
          to: "ada@example.com",
          template: "welcome",
          data: { name: "Ada" }
        }),
        {
          _tag: "Fits",
          value: {
            messageId: "<17.1700000000000@localhost>",
            delivery: "file",
            file: `${root}/mail/17-3.eml`
          }
        }
      )
      assert.deepStrictEqual(
        yield* runEncoded(handlers.get("data-processing"), { batchId: "b", operation: "export", data: [{ a: 1 }] }),
        {
          _tag: "Fits",
          value: {
            outputFile: `${root}/output/b-17.csv`,
            errorsFile: null,
            counts: { read: 1, written: 1, failed: 0 },
            errors: []
          }
        }
      )
    }))
})
