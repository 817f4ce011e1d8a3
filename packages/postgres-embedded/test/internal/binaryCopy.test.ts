import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem } from "effect"
import { join } from "node:path"
import * as BinaryCopy from "../../src/internal/binaryCopy.ts"

const links = JSON.stringify([{ source: "native/lib/libx.so.1.2", target: "native/lib/libx.so.1" }])

/** A small stand-in for an installed package, without the links, as when install scripts are blocked. */
const makeInstalled = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const native = join(yield* fs.makeTempDirectoryScoped({ prefix: "millrace-test-" }), "native")
  yield* fs.makeDirectory(join(native, "bin"), { recursive: true })
  yield* fs.makeDirectory(join(native, "lib"))
  yield* fs.writeFileString(join(native, "bin", "postgres"), "#!/bin/sh\n", { mode: 0o700 })
  yield* fs.writeFileString(join(native, "lib", "libx.so.1.2"), "library", { mode: 0o600 })
  yield* fs.writeFileString(join(native, "lib", "libx.a"), "static library")
  yield* fs.writeFileString(join(native, "pg-symlinks.json"), links)
  return { native, initdb: "", postgres: join(native, "bin", "postgres"), pgCtl: "" }
})

const makeCache = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return join(yield* fs.makeTempDirectoryScoped({ prefix: "millrace-test-" }), "cache")
})

const inCache = (folder: string) =>
  Effect.provideService(
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromEnv({ env: { [BinaryCopy.cacheVariable]: folder } })
  )

const usable = () => Effect.succeed(true)

layer(NodeFileSystem.layer)("binaryCopy", (it) => {
  it.effect("copies what a server needs, open to everybody, with the links that were missing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* makeCache
      const copy = yield* BinaryCopy.make(yield* makeInstalled, usable).pipe(inCache(cache))
      const native = copy?.native ?? ""
      assert.strictEqual(copy?.postgres, join(native, "bin", "postgres"))
      assert.strictEqual((yield* fs.stat(join(native, "bin", "postgres"))).mode & 0o777, 0o755)
      assert.strictEqual((yield* fs.stat(join(native, "lib", "libx.so.1"))).mode & 0o777, 0o644)
      assert.strictEqual(yield* fs.readLink(join(native, "lib", "libx.so.1")), "libx.so.1.2")
      assert.isFalse(yield* fs.exists(join(native, "lib", "libx.a")))
    }))

  it.effect("makes one whole copy when many start at once, and leaves no parts", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* makeCache
      const installed = yield* makeInstalled
      const copies = yield* Effect.replicateEffect(BinaryCopy.make(installed, usable).pipe(inCache(cache)), 8, {
        concurrency: "unbounded"
      })
      assert.strictEqual(new Set(copies.map((copy) => copy?.native)).size, 1)
      assert.lengthOf(yield* fs.readDirectory(cache), 1)
    }))

  it.effect("repairs a copy that lost a file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* makeCache
      const installed = yield* makeInstalled
      const make = BinaryCopy.make(installed, usable).pipe(inCache(cache))
      const library = join((yield* make)?.native ?? "", "lib", "libx.so.1.2")
      yield* fs.remove(library)
      yield* make
      assert.strictEqual(yield* fs.readFileString(library), "library")
      assert.lengthOf(yield* fs.readDirectory(cache), 1)
    }))

  it.effect("does not run what others could have written", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* makeCache
      const installed = yield* makeInstalled
      const make = BinaryCopy.make(installed, usable).pipe(inCache(cache))
      const native = (yield* make)?.native ?? ""
      yield* fs.writeFileString(join(native, "bin", "planted"), "#!/bin/sh\n")
      yield* fs.chmod(native, 0o777)
      yield* make
      assert.isFalse(yield* fs.exists(join(native, "bin", "planted")))
      assert.strictEqual((yield* fs.stat(native)).mode & 0o777, 0o755)
    }))

  it.effect("gives nothing when no copy can be run", () =>
    Effect.gen(function*() {
      const copy = BinaryCopy.make(yield* makeInstalled, () => Effect.succeed(false))
      assert.isUndefined(yield* copy.pipe(inCache(yield* makeCache)))
    }))
})
