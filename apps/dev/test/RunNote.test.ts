import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, FileSystem, Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import * as RunNote from "../src/RunNote.ts"

const url = "http://127.0.0.1:4080"

const newFolder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return join(yield* fs.makeTempDirectoryScoped(), "data")
})

const writeNote = Effect.fnUntraced(function*(folder: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(folder, { recursive: true })
  yield* fs.writeFileString(join(folder, "dev.json"), text)
})

/** The id of a process that has ended. */
const deadPid = Effect.promise(async () => {
  const child = spawn(process.execPath, ["-e", ""])
  await once(child, "exit")
  return child.pid ?? 0
})

layer(NodeFileSystem.layer, { excludeTestServices: true })("RunNote", (it) => {
  it.effect("lets one process at a time run from a folder, and names it to the second", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      yield* RunNote.leave(folder, url)
      const error = yield* Effect.flip(RunNote.leave(folder, "http://127.0.0.1:5000"))
      assert.strictEqual(error._tag, "AlreadyRuns")
      assert.include(error.message, `process ${process.pid} on ${url}`)
      assert.include(error.message, folder)
    }))

  it.effect("is gone when its scope closes", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      const scope = yield* Scope.make()
      yield* Scope.provide(RunNote.leave(folder, url), scope)
      assert.strictEqual((yield* RunNote.read(folder))?.url, url)
      yield* Scope.close(scope, Exit.void)
      assert.isNull(yield* RunNote.read(folder))
      yield* RunNote.leave(folder, url)
    }))

  it.effect("counts for nothing when its process is dead, damaged or another one of the same id", () =>
    Effect.gen(function*() {
      const pid = yield* deadPid
      const notes = [
        JSON.stringify({ pid, startedAt: "1", url }),
        JSON.stringify({ pid: process.pid, startedAt: "1", url }),
        "{\"pid\":"
      ]
      for (const text of notes) {
        const folder = yield* newFolder
        yield* writeNote(folder, text)
        assert.isNull(yield* RunNote.read(folder))
        yield* RunNote.leave(folder, url)
        assert.strictEqual((yield* RunNote.read(folder))?.pid, process.pid)
      }
    }))

  it.effect("names a folder that can not be made", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      yield* writeNote(folder, "no folder")
      const error = yield* Effect.flip(RunNote.leave(join(folder, "dev.json"), url))
      assert.strictEqual(error._tag, "UnusableFolder")
      assert.include(error.message, "MILLRACE_DATA_DIR")
    }))
})
