import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as DataFolder from "../src/DataFolder.ts"
import * as DataHandler from "../src/DataHandler.ts"
import { info, recording, runEncoded } from "./handlersFixture.ts"
import * as ProductCsv from "./ProductCsv.ts"

const run = promisify(execFile)

layer(NodeServices.layer)("DataHandler", (it) => {
  it.effect("answers a source outside the input directory with its typed error", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      const { handlers, layer } = recording()
      const folder = DataFolder.layer({ data: root, input: root })
      yield* Layer.build(DataHandler.layer.pipe(Layer.provide(folder), Layer.provide(layer)))
      const payload = { batchId: "b", operation: "import", source: import.meta.filename }
      const result = yield* runEncoded(handlers.get("data-processing"), payload, info())
      assert.deepStrictEqual(result, {
        _tag: "Fits",
        value: {
          _tag: "SourceNotAllowed",
          source: import.meta.filename,
          detail: "its name must end with .csv, .tsv, .txt, .jsonl, .ndjson"
        }
      })
    }))

  it.effect("imports 200,000 rows in little memory and finds every broken one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      const options = { rows: 200_000, seed: 42 }
      yield* Effect.promise(() => ProductCsv.write(`${folder}/products.csv`, options))
      const program = new URL("importInLittleMemory.ts", import.meta.url).pathname
      const { stdout } = yield* Effect.promise(() =>
        run(process.execPath, ["--max-old-space-size=64", program, folder, "products.csv"])
      )
      const { counts, errorsFile, peakMegabytes } = JSON.parse(stdout)
      assert.deepStrictEqual(counts, { read: 200_000, written: 198_000, failed: 2000 })
      const errors = (yield* fs.readFileString(errorsFile)).trim().split("\n")
      assert.deepStrictEqual(
        errors.map((line) => JSON.parse(line).row),
        ProductCsv.planted(options).map(({ row }) => row)
      )
      assert.isBelow(peakMegabytes, 300)
    }), 120_000)
})
