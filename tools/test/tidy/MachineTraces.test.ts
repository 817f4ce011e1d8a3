import { assert, describe, it } from "@effect/vitest"
import * as MachineTraces from "../../src/tidy/MachineTraces.ts"
import * as Planted from "./planted.ts"

const find = (text: string): number => Planted.find(MachineTraces.rule, { "a.md": text }).length

// Written in parts, since the rule reads this file too.
const absolute = (...parts: ReadonlyArray<string>): string => ["", ...parts].join("/")
const host = ["registry", "npmjs", "org"].join(".")
const credential = ["//npm.example/:_auth", "Token=x"].join("")
const tarball = ["tarball", " https://example.org/a.tgz"].join(":")

describe("MachineTraces", () => {
  it("rejects paths of one machine", () => {
    for (const path of [absolute("home", "ada", "x"), absolute("root", ".cache"), absolute("work", "main")]) {
      assert.strictEqual(find(`see ${path}`), 1, path)
    }
    assert.strictEqual(find(["C:", "Users", "ada"].join("\\")), 1)
  })

  it("rejects the host of a registry and its credentials", () => {
    for (const trace of [`https://${host}/effect`, credential, tarball]) {
      assert.strictEqual(find(trace), 1, trace)
    }
  })

  it("accepts routes, relative paths and paths that every machine has", () => {
    const paths = [
      "/workers/1",
      `.${absolute("home", "x")}`,
      `apps${absolute("work", "src")}`,
      `~${absolute("root", "x")}`
    ]
    assert.strictEqual(find([...paths, "/tmp/x /usr/lib", "npm run", "registry.definitions.get()"].join(" ")), 0)
  })
})
