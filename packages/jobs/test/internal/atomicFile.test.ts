import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem } from "effect"
import * as AtomicFile from "../../src/internal/atomicFile.ts"

layer(NodeServices.layer)("AtomicFile", (it) => {
  it.effect("appears with its whole content at the commit, in a directory made for it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/made/here`
      yield* Effect.scoped(Effect.gen(function*() {
        const file = yield* AtomicFile.make(`${directory}/out.txt`, 1)
        yield* file.append("ü".repeat(100_000))
        yield* file.append("end")
        assert.deepStrictEqual(yield* fs.readDirectory(directory), ["out.txt.1.tmp"])
        yield* file.commit
      }))
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["out.txt"])
      assert.strictEqual(yield* fs.readFileString(`${directory}/out.txt`), `${"ü".repeat(100_000)}end`)
    }))

  it.effect("leaves the older file alone and no trace when it is not committed", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${directory}/out.txt`, "old")
      yield* Effect.scoped(Effect.flatMap(AtomicFile.make(`${directory}/out.txt`, 2), (file) => file.append("new")))
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["out.txt"])
      assert.strictEqual(yield* fs.readFileString(`${directory}/out.txt`), "old")
    }))

  it.effect("removes its temporary file when it is interrupted", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const opened = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
        const file = yield* AtomicFile.make(`${directory}/out.txt`, 1)
        yield* file.append("x".repeat(200_000))
        yield* Deferred.succeed(opened, undefined)
        return yield* Effect.never
      })))
      yield* Deferred.await(opened)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["out.txt.1.tmp"])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }))

  it.effect("clears away what killed writers left, and nothing else", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const names = ["out.txt", "out.txt.1.tmp", "out.txt.2.tmp", "out.txt.3.tmp", "out.txt.tmp", "other.txt.1.tmp"]
      yield* Effect.forEach(names, (name) => fs.writeFileString(`${directory}/${name}`, name))
      yield* AtomicFile.removeLeftovers(`${directory}/out.txt`, 3)
      assert.deepStrictEqual((yield* fs.readDirectory(directory)).toSorted(), [
        "other.txt.1.tmp",
        "out.txt",
        "out.txt.3.tmp",
        "out.txt.tmp"
      ])
      yield* AtomicFile.removeLeftovers(`${directory}/absent/out.txt`, 3)
    }))
})
