import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Tree from "../../src/tidy/Tree.ts"

const inFolder = <A>(files: Readonly<Record<string, string>>, use: (root: string) => A): A => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-tidy-"))
  try {
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
      fs.writeFileSync(path.join(root, name), text)
    }
    return use(root)
  } finally {
    fs.rmSync(root, { recursive: true })
  }
}

describe("Tree", () => {
  it("reads text files in order and leaves out what is ignored", () => {
    const files = {
      ".gitignore": "node_modules/\n*.log\n# words\n",
      "b/x.ts": "x",
      "a.ts": "a",
      "b/node_modules/y.ts": "y",
      "c.log": "c",
      ".git/config": "d",
      "picture.png": "\0"
    }
    const paths = inFolder(files, (root) => Tree.read(root).map((source) => source.path))
    assert.deepStrictEqual(paths, [".gitignore", "a.ts", "b/x.ts"])
  })

  it("refuses a pattern that it does not understand", () => {
    assert.throws(() => Tree.parseIgnored("a/**/b\n"), /extend parseIgnored/)
  })
})
