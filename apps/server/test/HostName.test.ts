import { assert, describe, it } from "@effect/vitest"
import * as HostName from "../src/HostName.ts"

describe("HostName", () => {
  it("knows the loopback interface by all its names", () => {
    for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]) {
      assert.isTrue(HostName.isLoopback(host), host)
    }
  })

  it("takes nothing else for it", () => {
    const hosts = [
      "",
      "0.0.0.0",
      "::",
      "10.0.0.1",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "128.0.0.1",
      "2130706433",
      "::ffff:127.0.0.1",
      "evil.example"
    ]
    for (const host of hosts) assert.isFalse(HostName.isLoopback(host), host)
  })

  it("reads the name in a Host header", () => {
    assert.strictEqual(HostName.ofHeader("localhost:4080"), "localhost")
    assert.strictEqual(HostName.ofHeader("LocalHost"), "localhost")
    assert.strictEqual(HostName.ofHeader("[::1]:4080"), "[::1]")
    for (const header of ["", ":4080", "a b", "a/b", "a@b", "a:b", "::1", "localhost:123456"]) {
      assert.isNull(HostName.ofHeader(header), header)
    }
  })
})
