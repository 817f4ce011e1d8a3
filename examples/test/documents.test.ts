import { assert, describe, it } from "@effect/vitest"
import { JobState } from "@millrace/storage"
import { PgMigrations } from "@millrace/storage-postgres"
import { globSync, readFileSync } from "node:fs"
import * as Example from "./support/Example.ts"

const read = (path: string): string => readFileSync(`${Example.root}/${path}`, "utf8")

/** The words of a text between backticks. */
const quoted = (text: string): ReadonlyArray<string> => [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word)

/** The cells of the table rows below a heading. */
const rowsBelow = (document: string, heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [, section = ""] = document.split(`\n## ${heading}\n`)
  return [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (`.*) \|$/gm)].map(([, row = ""]) => row.split(" | "))
}

describe("blocks that show lines of an example", () => {
  const excerpt = /^<!-- excerpt: (\S+) -->\n+```\w*\n([^]*?)^```$/gm

  const linesOf = (text: string): ReadonlyArray<string> =>
    text.split("\n").map((line) => line.trim()).filter((line) => line !== "")

  /** The first line that is not in the example, at its place after the ones before. */
  const foreignLine = (shown: string, example: string): string | undefined => {
    let rest = example
    return linesOf(shown).find((line) => {
      const at = rest.indexOf(line)
      rest = rest.slice(at + line.length)
      return at === -1
    })
  }

  for (const document of ["README.md", ...globSync("docs/**/*.md", { cwd: Example.root })]) {
    for (const [, path = "", shown = ""] of read(document).matchAll(excerpt)) {
      it(`${document} shows lines of ${path}`, () => {
        assert.isNotEmpty(linesOf(shown))
        assert.isUndefined(foreignLine(shown, read(path)))
      })
    }
  }

  it("are missed when a line is another, or at another place", () => {
    assert.isUndefined(foreignLine("a\n  b", "a\nx\nb"))
    assert.strictEqual(foreignLine("b\na", "a\nb"), "a")
    assert.strictEqual(foreignLine("a\nc", "a\nb"), "c")
  })
})

describe("links", () => {
  const documents = globSync("{*,docs/*,docs/**/*,packages/*/*,benchmarks/*}.md", { cwd: Example.root })

  it("lead to files", () => {
    const dead = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target = ""]) => new URL(target, `file:///${document}`).pathname.slice(1))
        .filter((target) => globSync(target.replace(/\/$/, ""), { cwd: Example.root }).length === 0)
        .map((target) => `${document}: ${target}`)
    )
    assert.deepStrictEqual(dead, [])
  })
})

/** The tests that a text names: file, then sentence. */
const namedTests = (text: string) => [...text.replaceAll(/\s+/g, " ").matchAll(/`(\w+(?:\.test)?)` "([^"]+)"/g)]

describe("docs/guides/reliability.md", () => {
  const promises = read("docs/guides/reliability.md").split("\n## What is not promised")[0]?.split(/\n- |\n\n## .*\n/)
    .slice(1).filter((text) => text.trim() !== "") ?? []

  it("names a test for every promise", () => {
    assert.isAtLeast(promises.length, 20)
    assert.deepStrictEqual(promises.filter((promise) => namedTests(promise).length === 0), [])
  })

  it("names tests that there are", () => {
    const files = globSync("{packages,apps,tests,examples}/**/{test,storage-test/src}/**/*.ts", {
      cwd: Example.root,
      exclude: (path) => path.includes("node_modules") || path.includes("/build")
    })
    const missing = promises.flatMap(namedTests).filter(([, file = "", sentence = ""]) =>
      !files.some((path) => path.endsWith(`/${file}.ts`) && read(path).includes(sentence))
    )
    assert.deepStrictEqual(missing.map(([text]) => text), [])
  })
})

describe("ARCHITECTURE.md", () => {
  const architecture = read("ARCHITECTURE.md")

  it("lists every package, and no other", () => {
    const folders = globSync("{packages,apps}/*/package.json", { cwd: Example.root })
      .map((path) => path.replace(/^packages\/|\/package\.json$/g, ""))
    const listed = rowsBelow(architecture, "Packages").flatMap(([name = ""]) => quoted(name))
    assert.sameMembers(
      listed.filter((name) => !["benchmarks", "tests/system", "examples", "tools"].includes(name)),
      folders.map((folder) => folder.replace(/\/package\.json$/, ""))
    )
  })

  it("has the table of legal transitions", () => {
    const table = rowsBelow(architecture, "Life of a job").map(([from = "", to = ""]) => [quoted(from)[0], quoted(to)])
    assert.deepStrictEqual(Object.fromEntries(table), JobState.transitions)
  })

  it("lists every table of the database, and no other", () => {
    const created = PgMigrations.all.flatMap(({ up }) => up("s"))
      .flatMap((text) => /^create table s\.(\w+) (?!partition of)/.exec(text)?.[1] ?? [])
    const listed = rowsBelow(architecture, "Tables").flatMap(([name = ""]) => quoted(name))
    assert.sameMembers(listed, [...created, "migration"])
  })

  it("lists the actors that a worker starts", () => {
    const started = [...read("packages/queue/src/Worker.ts").matchAll(/\b([A-Z]\w+)\.make\(shop(?:, \w+)?\)/g)]
      .map(([, name = ""]) => name).filter((name) => name !== "Registration")
    const [, section = ""] = architecture.split("\n## The actors of a worker\n")
    const listed = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| ([A-Z]\w+) +\|/gm)].map(([, name = ""]) => name)
    assert.sameMembers(listed.filter((name) => name !== "Actor"), started)
  })

  it("names tests that there are", () => {
    const files = globSync("{packages,apps,tests,examples}/**/{test,storage-test/src}/**/*.ts", {
      cwd: Example.root,
      exclude: (path) => path.includes("node_modules") || path.includes("/build")
    })
    const [, section = ""] = architecture.split("\n## Invariants\n")
    const named = [...section.replaceAll(/\s+/g, " ").matchAll(/`(\w+(?:\.test)?)` "([^"]+)"/g)]
    assert.isAtLeast(named.length, 25)
    const missing = named.filter(([, file = "", sentence = ""]) =>
      !files.some((path) => path.endsWith(`/${file}.ts`) && read(path).includes(sentence))
    )
    assert.deepStrictEqual(missing.map(([text]) => text), [])
  })
})
