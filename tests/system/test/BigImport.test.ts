/**
 * A product list of five stores that is larger than what anyone would hold in memory.
 */
import { assert, layer } from "@effect/vitest"
import { DataPayload } from "@millrace/jobs"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as ProcessTable from "../src/ProcessTable.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const rows = 200_000
const stores = 5
const memoryLimitBytes = 300 * 1024 * 1024

const Row = Schema.fromJsonString(Schema.Struct({ row: Schema.Int }))

/** Writes the list; the answer is the numbers of its broken rows. */
const writeList = (file: string) =>
  Effect.promise(async () => {
    const maker = join(Harness.root, "packages", "jobs", "test", "ProductCsv.ts")
    const { stdout } = await promisify(execFile)(process.execPath, [maker, file, String(rows), "17"])
    return Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Struct({ row: Schema.Int }))))(stdout)
      .map(({ row }) => row)
  })

const linesOf = (file: string): ReadonlyArray<string> =>
  readFileSync(file, "utf8").split("\n").filter((line) => line !== "")

layer(TestDatabase.layer, { excludeTestServices: true })("an import", (it) => {
  it.effect(
    "reports exactly the broken rows of a long list, shows its progress, and stays small",
    () =>
      Effect.gen(function*() {
        const { url: database } = yield* TestDatabase.TestDatabase
        const folder = yield* TestFolder.make
        const broken = yield* writeList(join(folder, "products.csv"))
        assert.strictEqual(broken.length, rows / 100)
        const server = yield* Harness.startServer({ database })
        const client = yield* JobClient.make(server.url)
        const worker = yield* Harness.startWorker({
          database,
          environment: { MILLRACE_INPUT_DIR: folder, MILLRACE_DATA_DIR: join(folder, "data") }
        })

        const id = yield* JobClient.create(client, "data-processing", {
          batchId: "products",
          operation: "import",
          source: "products.csv"
        })
        const progress: Array<number> = []
        const job = yield* Wait.until(
          "the end of the import",
          "100 seconds",
          Effect.tap(client.jobs.get({ params: { id } }), ({ progress: seen }) =>
            Effect.sync(() =>
              seen !== null && seen.value !== progress.at(-1) && progress.push(seen.value)
            )),
          ({ state }) => state === "completed" || state === "dead"
        )
        assert.strictEqual(job.state, "completed", JSON.stringify(job.error))
        const result = Schema.decodeUnknownSync(DataPayload.DataResult)(job.result)
        assert.deepStrictEqual(result.counts, { read: rows, written: rows - broken.length, failed: broken.length })
        assert.strictEqual(Object.keys(result.stores ?? {}).length, stores)
        const reported = linesOf(result.errorsFile ?? "").map((line) => Schema.decodeUnknownSync(Row)(line).row)
        assert.deepStrictEqual(reported, broken)
        assert.deepStrictEqual(result.errors.map(({ row }) => row), broken.slice(0, DataPayload.maxListedErrors))
        assert.strictEqual(linesOf(result.outputFile).length, result.counts.written)

        assert.isNotEmpty(progress.filter((value) => value > 0 && value < 1))
        assert.deepStrictEqual(progress, progress.toSorted((one, other) => one - other))
        const memory = ProcessTable.peakMemoryBytes(worker.pid)
        console.info(
          `the import showed ${progress.length} steps; the worker had ${Math.round(memory / 1024 ** 2)} MiB at most`
        )
        assert.isBelow(memory, memoryLimitBytes)
      }),
    150_000
  )
})
