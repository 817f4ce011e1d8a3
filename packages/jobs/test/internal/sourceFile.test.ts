import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as DataFolder from "../../src/DataFolder.ts"
import * as SourceFile from "../../src/internal/sourceFile.ts"

// A directory with `in/` (allowed) beside `secret.csv` (not allowed).
const setUp = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
  yield* fs.makeDirectory(`${root}/in/sub.csv`, { recursive: true })
  yield* fs.writeFileString(`${root}/in/good.csv`, "a\n1\n")
  yield* fs.writeFileString(`${root}/in/rows.JSONL`, "{}\n")
  yield* fs.writeFileString(`${root}/in/.env`, "SECRET=1\n")
  yield* fs.writeFileString(`${root}/secret.csv`, "a\n1\n")
  yield* fs.symlink(`${root}/secret.csv`, `${root}/in/link.csv`)
  yield* fs.symlink(root, `${root}/in/up`)
  const find = (source: string) =>
    SourceFile.find(source).pipe(
      Effect.provide(DataFolder.layer({ data: `${root}/data`, input: `${root}/in` })),
      Effect.match({ onFailure: (error) => error._tag, onSuccess: (file) => file })
    )
  return { root, find }
})

layer(NodeServices.layer)("SourceFile", (it) => {
  it.effect("finds a file by a relative and by an absolute path, and tells its format", () =>
    Effect.gen(function*() {
      const { find, root } = yield* setUp
      const good = { path: `${root}/in/good.csv`, bytes: 4, format: "csv" } as const
      assert.deepStrictEqual(yield* find("good.csv"), good)
      assert.deepStrictEqual(yield* find("./sub.csv/../good.csv"), good)
      assert.deepStrictEqual(yield* find(`${root}/in/good.csv`), good)
      assert.deepStrictEqual(
        yield* find("rows.JSONL"),
        { path: `${root}/in/rows.JSONL`, bytes: 3, format: "jsonl" } as const
      )
    }))

  it.effect("refuses every way out of the input directory", () =>
    Effect.gen(function*() {
      const { find, root } = yield* setUp
      const ways = ["../secret.csv", `${root}/secret.csv`, "link.csv", "up/secret.csv", "sub.csv/../../secret.csv"]
      for (const way of ways) {
        assert.strictEqual(yield* find(way), "SourceNotAllowed", way)
      }
    }))

  it.effect("refuses directories, devices, unknown endings and NUL characters", () =>
    Effect.gen(function*() {
      const { find } = yield* setUp
      for (const source of ["sub.csv", ".env", "good", "/dev/null", "good.csv\0.txt"]) {
        assert.strictEqual(yield* find(source), "SourceNotAllowed", source)
      }
    }))

  it.effect("says where it looked for a file that is not there", () =>
    Effect.gen(function*() {
      const { root } = yield* setUp
      const error = yield* SourceFile.find("absent.csv").pipe(
        Effect.provide(DataFolder.layer({ data: `${root}/data`, input: `${root}/in` })),
        Effect.flip
      )
      assert.strictEqual(error._tag, "SourceNotFound")
      assert.include(error.message, `${root}/in`)
    }))

  it.effect("looks in the current directory, then in the data directory, when no input directory is set", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      yield* fs.writeFileString(`${root}/uploaded.csv`, "a\n")
      const found = yield* SourceFile.find("uploaded.csv").pipe(Effect.provide(DataFolder.layer({ data: root })))
      assert.strictEqual(found.path, `${root}/uploaded.csv`)
    }))
})
