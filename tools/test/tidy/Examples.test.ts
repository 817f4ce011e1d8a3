import { assert, describe, it } from "@effect/vitest"
import * as Examples from "../../src/tidy/Examples.ts"
import * as Planted from "./planted.ts"

const example = { "examples/hello.ts": "const a = 1\n" }

const block = (text: string): string => `<!-- example: examples/hello.ts -->\n\n\`\`\`ts\n${text}\`\`\`\n`

describe("Examples", () => {
  it("rejects an example that no document names", () => {
    assert.strictEqual(Planted.find(Examples.named, { ...example, "docs/notes.md": "examples/hello.ts" }).length, 1)
  })

  it("accepts an example that a guide or a README names", () => {
    for (const path of ["docs/guides/start.md", "README.md", "packages/queue/README.md", "examples/README.md"]) {
      assert.deepStrictEqual(Planted.find(Examples.named, { ...example, [path]: "see examples/hello.ts" }), [], path)
    }
    const linked = { ...example, "examples/README.md": "[hello](hello.ts)" }
    assert.deepStrictEqual(Planted.find(Examples.named, linked), [])
  })

  it("accepts a block that equals its file", () => {
    assert.deepStrictEqual(Planted.find(Examples.copied, { ...example, "README.md": block("const a = 1\n") }), [])
  })

  it("rejects a block that differs from its file", () => {
    assert.deepStrictEqual(Planted.find(Examples.copied, { ...example, "README.md": `\n${block("const a = 2\n")}` }), [
      "README.md:2 the block differs from examples/hello.ts: copy it again"
    ])
  })

  it("rejects a block of a file that does not exist", () => {
    assert.strictEqual(Planted.find(Examples.copied, { "README.md": block("const a = 1\n") }).length, 1)
  })

  it("rejects a mark without a block", () => {
    const text = "<!-- example: examples/hello.ts -->\nwords\n\n```ts\nconst a = 1\n```\n"
    assert.strictEqual(Planted.find(Examples.copied, { ...example, "README.md": text }).length, 1)
  })
})
