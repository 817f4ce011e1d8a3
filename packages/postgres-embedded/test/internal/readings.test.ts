// What other programs write, and how it is read.
import { assert, describe, it } from "@effect/vitest"
import * as PostmasterFile from "../../src/internal/postmasterFile.ts"
import * as ProcessTable from "../../src/internal/processTable.ts"
import * as Settings from "../../src/internal/settings.ts"
import * as SystemUser from "../../src/internal/systemUser.ts"

const file = "6990\n/proc/self/cwd\n1795309562\n5999\n\nlocalhost\n 16056322         4\nready   \n"

describe("postmasterFile", () => {
  it("reads process, segment and status", () => {
    assert.deepStrictEqual(PostmasterFile.parse(file), { pid: 6990, segment: 4, status: "ready" })
  })

  it("reads nothing from a file that is not written yet", () => {
    assert.isUndefined(PostmasterFile.parse(""))
    assert.strictEqual(PostmasterFile.parse("12\n/data\n")?.status, "")
  })
})

describe("processTable", () => {
  const stat = "77 (a (b) c) S 12 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1024 10"

  it("reads past command names with spaces and brackets", () => {
    assert.strictEqual(ProcessTable.parentOf(stat), 12)
    assert.strictEqual(ProcessTable.startTicks(stat), "4711")
  })

  it("finds the children in a listing", () => {
    assert.deepStrictEqual(ProcessTable.childrenIn("    1     0\n   20     1\n   21    20\n   22     1\n", 1), [20, 22])
  })
})

describe("systemUser", () => {
  const root = "root:x:0:0:root:/root:/bin/bash"
  const daemon = "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin"
  const nobody = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"
  const postgres = "postgres:x:101:104::/var/lib/postgresql:/bin/bash"

  it("prefers postgres, then nobody, then anyone but root", () => {
    assert.strictEqual(SystemUser.choose([root, daemon, nobody, postgres].join("\n"))?.uid, 101)
    assert.strictEqual(SystemUser.choose([root, daemon, nobody].join("\n"))?.name, "nobody")
    assert.strictEqual(SystemUser.choose([root, daemon].join("\n"))?.name, "daemon")
    assert.isUndefined(SystemUser.choose(root))
  })

  it("passes over comments and ids that are none (macOS: nobody is -2)", () => {
    const text = "##\n# User Database\n##\nnobody:*:-2:-2::/:/usr/bin/false\n_postgres:*:216:216::/:/usr/bin/false\n"
    assert.deepStrictEqual(SystemUser.choose(text), { name: "_postgres", uid: 216, gid: 216 })
  })
})

describe("settings", () => {
  const options = { port: 5999, maxConnections: 50, settings: {} }

  it("flushes to disk exactly when the cluster is durable", () => {
    assert.strictEqual(Settings.make({ ...options, durable: true })["fsync"], "on")
    assert.strictEqual(Settings.make({ ...options, durable: false })["fsync"], "off")
  })

  it("lets callers change anything but address and port", () => {
    const settings = { fsync: "off", listen_addresses: "*", port: "1", work_mem: "8MB" }
    const made = Settings.make({ ...options, durable: true, settings })
    assert.deepInclude(made, { fsync: "off", listen_addresses: "127.0.0.1", port: "5999", work_mem: "8MB" })
  })

  it("becomes command-line arguments", () => {
    assert.deepStrictEqual(Settings.toArguments({ fsync: "on", port: "1" }), ["-c", "fsync=on", "-c", "port=1"])
  })
})
