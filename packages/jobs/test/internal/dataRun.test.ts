import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema } from "effect"
import * as DataFolder from "../../src/DataFolder.ts"
import * as DataRun from "../../src/internal/dataRun.ts"
import { setUp } from "../dataRunFixture.ts"
import * as ProductCsv from "../ProductCsv.ts"

layer(NodeServices.layer)("DataRun", (it) => {
  it.effect("imports products: good rows normalised, broken rows reported, stores counted", () =>
    Effect.gen(function*() {
      const { fs, lines, root, run } = yield* setUp
      yield* fs.writeFileString(
        `${root}/products.csv`,
        "\uFEFFstore,sku,name,price,quantity\r\nA, a-1 ,\"Lamp, tall\",12.50,3\r\nA,a-2,,x,1\r\nB,b-1,Chair,1e2,0\r\n"
      )
      const result = yield* run({ source: "products.csv" })
      assert.deepStrictEqual(result, {
        outputFile: `${root}/output/batch-42.jsonl`,
        errorsFile: `${root}/output/batch-42.errors.jsonl`,
        counts: { read: 3, written: 2, failed: 1 },
        errors: [{ row: 2, line: 3, column: "name", reason: "name is missing; price is not a number: \"x\"" }],
        stores: { A: 1, B: 1 }
      })
      assert.deepStrictEqual(yield* lines(result.outputFile), [
        { store: "A", sku: "a-1", name: "Lamp, tall", price: 12.5, quantity: 3 },
        { store: "B", sku: "b-1", name: "Chair", price: 100, quantity: 0 }
      ])
      assert.deepStrictEqual(yield* lines(result.errorsFile), [{
        row: 2,
        line: 3,
        column: "name",
        reason: "name is missing; price is not a number: \"x\"",
        raw: "{\"store\":\"A\",\"sku\":\"a-2\",\"name\":\"\",\"price\":\"x\",\"quantity\":\"1\"}"
      }])
    }))

  it.effect("reports exactly the broken rows of a generated list, and keeps all others", () =>
    Effect.gen(function*() {
      const { lines, root, run } = yield* setUp
      const options = { rows: 5000, seed: 7 }
      yield* Effect.promise(() => ProductCsv.write(`${root}/products.csv`, options))
      const result = yield* run({ source: "products.csv" })
      const rows = (yield* lines(result.errorsFile)) as ReadonlyArray<{ readonly row: number }>
      assert.deepStrictEqual(rows.map(({ row }) => row), ProductCsv.planted(options).map(({ row }) => row))
      assert.deepStrictEqual(result.counts, { read: 5000, written: 4950, failed: 50 })
      assert.deepStrictEqual(result.errors.map(({ row }) => row), ProductCsv.planted(options).map(({ row }) => row))
      const written = (yield* lines(result.outputFile)) as ReadonlyArray<{ readonly sku: string }>
      const good = new Set(written.map(({ sku }) => sku))
      assert.strictEqual(good.size, 4950)
      assert.deepStrictEqual(Object.keys(result.stores ?? {}).toSorted(), ProductCsv.stores(options))
    }))

  it.effect.prop(
    "finds the planted rows whatever the seed, and good and bad rows add up",
    { seed: Schema.Int, hundreds: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 })) },
    ({ hundreds, seed }) =>
      Effect.gen(function*() {
        const { lines, run } = yield* setUp
        const options = { rows: hundreds * 100, seed }
        const result = yield* run({ data: [...ProductCsv.text(options)].join("") })
        const rows = (yield* lines(result.errorsFile)) as ReadonlyArray<{ readonly row: number }>
        assert.deepStrictEqual(rows.map(({ row }) => row), ProductCsv.planted(options).map(({ row }) => row))
        assert.strictEqual(result.counts.read, options.rows)
        assert.strictEqual(result.counts.written + result.counts.failed, options.rows)
      }),
    { arbitrary: { runs: 25 } }
  )

  it.effect("checks by the rules of the payload instead, and takes inline objects", () =>
    Effect.gen(function*() {
      const { lines, run } = yield* setUp
      const result = yield* run({
        columns: { id: { type: "integer", required: true }, since: "date" },
        data: [{ id: "1", since: "2026-01-31" }, { id: "x" }, "text", { id: 2 }]
      })
      assert.deepStrictEqual(result.counts, { read: 4, written: 2, failed: 2 })
      assert.deepStrictEqual(result.errors.map(({ column, line, row }) => [row, line, column]), [[2, null, "id"], [
        3,
        null,
        null
      ]])
      assert.deepStrictEqual(yield* lines(result.outputFile), [{ id: 1, since: "2026-01-31" }, { id: 2, since: null }])
      assert.notProperty(result, "stores")
    }))

  it.effect("imports any other list unchecked, and reports no errors file", () =>
    Effect.gen(function*() {
      const { lines, run } = yield* setUp
      const result = yield* run({ data: "id;email\n1;a@b.example\n" })
      assert.isNull(result.errorsFile)
      assert.deepStrictEqual(yield* lines(result.outputFile), [{ id: "1", email: "a@b.example" }])
    }))

  it.effect("transforms the rows of a JSON-lines file", () =>
    Effect.gen(function*() {
      const { fs, lines, root, run } = yield* setUp
      yield* fs.writeFileString(`${root}/rows.ndjson`, "{\"sku\":\" a \",\"price\":2}\n{\"sku\":\"b\"}\nnonsense\n")
      const result = yield* run({
        operation: "transform",
        source: "rows.ndjson",
        transform: { trim: true, uppercase: ["sku"], scale: { price: 1.5 }, rename: { sku: "code" } }
      })
      assert.deepStrictEqual(yield* lines(result.outputFile), [{ code: "A", price: 3 }, { code: "B" }])
      assert.deepStrictEqual(result.errors, [{ row: 3, line: 3, column: null, reason: "not valid JSON" }])
    }))

  it.effect("exports CSV under the columns of the first row", () =>
    Effect.gen(function*() {
      const { fs, root, run } = yield* setUp
      const result = yield* run({
        operation: "export",
        batchId: "Q1 / 2026: ../../etc",
        data: [{ a: "x,y", b: null, c: { d: [1] } }, { b: true }, { a: 1, extra: 2 }]
      })
      assert.strictEqual(result.outputFile, `${root}/output/Q1-2026-etc-42.csv`)
      assert.strictEqual(yield* fs.readFileString(result.outputFile), "a,b,c\n\"x,y\",,\"{\"\"d\"\":[1]}\"\n,true,\n")
      assert.deepStrictEqual(result.errors.map(({ column, row }) => [row, column]), [[3, "extra"]])
    }))

  it.effect("refuses a list without a required column before any row is read", () =>
    Effect.gen(function*() {
      const { fs, root, run } = yield* setUp
      const error = yield* Effect.flip(run({ data: "store,sku,name,price\nA,a,Lamp,1\n" }))
      assert.strictEqual(error._tag, "SourceUnusable")
      assert.include(error.message, "columns missing from the header: quantity")
      assert.deepStrictEqual(yield* fs.readDirectory(`${root}/output`), [])
    }))

  it.effect("refuses UTF-16 and a broken header with an error that says so", () =>
    Effect.gen(function*() {
      const { fs, root, run } = yield* setUp
      yield* fs.writeFile(`${root}/wide.csv`, new Uint8Array([0xFF, 0xFE, 0x61, 0, 0x0A, 0]))
      assert.include((yield* Effect.flip(run({ source: "wide.csv" }))).message, "UTF-16")
      assert.include((yield* Effect.flip(run({ data: "a,a\n1,2\n" }))).message, "two columns are named")
    }))

  it.effect("reports rows in another encoding, row by row", () =>
    Effect.gen(function*() {
      const { fs, root, run } = yield* setUp
      const latin1 = Buffer.from("id,name\n1,M\u00fcller\n2,Meier\n", "latin1")
      yield* fs.writeFile(`${root}/latin1.csv`, latin1)
      const result = yield* run({ source: "latin1.csv" })
      assert.deepStrictEqual(result.counts, { read: 2, written: 1, failed: 1 })
      assert.include(result.errors[0]?.reason, "not UTF-8")
    }))

  it.effect("lists a hundred broken rows and writes all of them to the errors file", () =>
    Effect.gen(function*() {
      const { lines, run } = yield* setUp
      const result = yield* run({ data: `a,b\n${"1\n".repeat(250)}` })
      assert.strictEqual(result.errors.length, 100)
      assert.strictEqual(result.counts.failed, 250)
      assert.strictEqual((yield* lines(result.errorsFile)).length, 250)
    }))

  it.effect("removes the errors file of an earlier attempt when the repeated one finds no errors", () =>
    Effect.gen(function*() {
      const { fs, root, run } = yield* setUp
      yield* run({ data: "a,b\n1\n" })
      assert.isTrue(yield* fs.exists(`${root}/output/batch-42.errors.jsonl`))
      const result = yield* run({ data: "a,b\n1,2\n" }, 2)
      assert.isNull(result.errorsFile)
      assert.deepStrictEqual(yield* fs.readDirectory(`${root}/output`), ["batch-42.jsonl"])
    }))

  it.effect("reports progress that only grows and ends at 1, at most twice a second", () =>
    Effect.gen(function*() {
      const { progress, root, run } = yield* setUp
      yield* Effect.promise(() => ProductCsv.write(`${root}/products.csv`, { rows: 10_000, seed: 1 }))
      yield* run({ source: "products.csv" })
      // The test's clock stands still: one report at the start, one at the end, none of the blocks in between.
      assert.strictEqual(progress.length, 2)
      assert.isBelow(progress[0]?.[0] ?? 1, 0.5)
      assert.deepStrictEqual(progress[1], [1, "10000 rows read, 100 failed"])
    }))

  it.effect("leaves no file behind when it is interrupted", () =>
    Effect.gen(function*() {
      const { fs, info, root } = yield* setUp
      yield* Effect.promise(() => ProductCsv.write(`${root}/products.csv`, { rows: 20_000, seed: 1 }))
      const reached = yield* Deferred.make<void>()
      const job = { ...info(1), progress: () => Effect.andThen(Deferred.succeed(reached, undefined), Effect.never) }
      const fiber = yield* DataRun.run({ batchId: "b", operation: "import", source: "products.csv" }, job).pipe(
        Effect.provide(DataFolder.layer({ data: root, input: root })),
        Effect.forkChild
      )
      yield* Deferred.await(reached)
      assert.strictEqual((yield* fs.readDirectory(`${root}/output`)).length, 2)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* fs.readDirectory(`${root}/output`), [])
    }))

  it.effect("fails with the path when the output can not be written", () =>
    Effect.gen(function*() {
      const { fs, root, run } = yield* setUp
      yield* fs.writeFileString(`${root}/output`, "a file where a directory should be")
      const error = yield* Effect.flip(run({ data: [{ a: 1 }] }))
      assert.strictEqual(error._tag, "FileFailure")
      assert.include(error.message, "Could not write")
    }))
})
