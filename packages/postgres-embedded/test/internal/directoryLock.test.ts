import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Scope } from "effect"
import { join } from "node:path"
import * as DirectoryLock from "../../src/internal/directoryLock.ts"
import * as ProcessTable from "../../src/internal/processTable.ts"

const makeFolder = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped({ prefix: "millrace-test-" }))

const lockOf = (folder: string): string => join(folder, "owner.lock")

const acquire = (folder: string) => DirectoryLock.acquire(folder, lockOf(folder))

const write = (folder: string, holder: { readonly id: string; readonly pid: number; readonly startedAt: string }) =>
  FileSystem.FileSystem.use((fs) => fs.writeFileString(lockOf(folder), JSON.stringify(holder)))

layer(NodeFileSystem.layer, { excludeTestServices: true })("directoryLock", (it) => {
  it.effect("is free again when the scope of its owner closes, and leaves no file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* makeFolder
      yield* Effect.scoped(acquire(folder))
      yield* Effect.scoped(acquire(folder))
      assert.lengthOf(yield* fs.readDirectory(folder), 0)
    }))

  it.effect("names the living owner", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* acquire(folder)
      const error = yield* Effect.flip(Effect.scoped(acquire(folder)))
      assert.deepInclude((error as { reason?: object }).reason, {
        _tag: "AlreadyRunning",
        directory: folder,
        pid: process.pid
      })
    }))

  it.effect("does not let a refused start take away the owner's lock", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* acquire(folder)
      yield* Effect.exit(Effect.scoped(acquire(folder)))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(acquire(folder)))))
    }))

  it.effect("takes over from a process that is gone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* write(folder, { id: "a", pid: 2 ** 30, startedAt: "1" })
      yield* acquire(folder)
    }))

  it.effect("takes over when the process id belongs to a later process", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* write(folder, { id: "a", pid: process.ppid, startedAt: "long ago" })
      yield* acquire(folder)
    }))

  it.effect("takes over a file that is no lock", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* makeFolder
      yield* fs.writeFileString(lockOf(folder), "")
      yield* acquire(folder)
    }))

  it.effect("takes over although an earlier take-over was cut off", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* makeFolder
      yield* write(folder, { id: "a", pid: 2 ** 30, startedAt: "1" })
      yield* fs.copyFile(lockOf(folder), `${lockOf(folder)}.a`)
      yield* acquire(folder)
      assert.deepStrictEqual(yield* fs.readDirectory(folder), ["owner.lock"])
    }))

  it.effect("lets exactly one of many starts take over", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* write(folder, { id: "a", pid: 2 ** 30, startedAt: "1" })
      const scopes = yield* Effect.replicateEffect(Scope.make(), 20)
      const starts = yield* Effect.forEach(scopes, (scope) =>
        Effect.forkChild(acquire(folder).pipe(Effect.provideService(Scope.Scope, scope), Effect.exit)))
      const exits = yield* Effect.forEach(starts, Fiber.join)
      assert.lengthOf(exits.filter(Exit.isSuccess), 1)
      yield* Effect.forEach(scopes, (scope) =>
        Scope.close(scope, Exit.void))
    }))

  it.effect("tells processes of the same id apart by their start", () =>
    Effect.gen(function*() {
      const started = yield* ProcessTable.startedAt(process.pid)
      assert.isDefined(started)
      assert.notStrictEqual(started, yield* ProcessTable.startedAt(1))
      assert.isUndefined(yield* ProcessTable.startedAt(2 ** 30))
    }))
})
