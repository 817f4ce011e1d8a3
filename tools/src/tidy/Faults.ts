/**
 * The catalogue of faults names the tests of each fault, and the tests name their faults.
 *
 * A test belongs to a fault when its title begins with the fault's id: `F07: …`, `F02, F03: …`. A row of
 * `docs/guides/faults.md` links the files of its tests; a fault without any says so, and why.
 */
import type { Rule, Tree } from "./Rule.ts"
import type { Source } from "./Source.ts"
import * as Violation from "./Violation.ts"

/** The catalogue. */
export const catalogue = "docs/guides/faults.md"

/** The catalogue goes from F01 to this number. */
const last = 77

/** Faults that must have a test that runs with every change. */
const leastTested = 60

/** The tests of the tools write such titles to test this rule. */
const isTest = ({ path }: Source): boolean =>
  /\/test\/.*\.test\.ts$/.test(path)
    ? !path.startsWith("tools/")
    : /^packages\/storage-test\/src\/\w+Suite\.ts$/.test(path)

/** The ids of the titles in a file. */
const titled = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/["'`]((?:F\d\d)(?:, F\d\d)*)[: ]/g)].flatMap((found) => (found[1] ?? "").split(", ")))

interface Row {
  readonly id: string
  readonly line: number
  readonly files: ReadonlyArray<string>
  readonly text: string
}

const linked = (row: string): ReadonlyArray<string> =>
  [...row.matchAll(/\]\(\.\.\/\.\.\/([^)#]+)\)/g)].map((found) => found[1] ?? "")

const rowsOf = (text: string): ReadonlyArray<Row> =>
  text.split("\n").flatMap((line, index) => {
    const id = /^\| *(F\d\d) *\|/.exec(line)?.[1]
    return id === undefined ? [] : [{ id, line: index + 1, files: linked(line), text: line }]
  })

const known = Array.from({ length: last }, (_, index) => `F${String(index + 1).padStart(2, "0")}`)

const complete = (rows: ReadonlyArray<Row>): ReadonlyArray<Violation.Violation> =>
  known.flatMap((id) => {
    const count = rows.filter((row) => row.id === id).length
    return count === 1 ? [] : [Violation.make(catalogue, 1, `has ${count} rows for ${id}, needs one`)]
  })

const truthful = (row: Row, titles: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyArray<Violation.Violation> => {
  const missing = [...titles].filter(([path, ids]) => ids.has(row.id) && !row.files.includes(path))
  const wrong = row.files.filter((file) => titles.get(file)?.has(row.id) !== true)
  const isSilent = row.files.length === 0 && !/\b(?:release|open): \S/.test(row.text)
  return [
    ...missing.map(([path]) => Violation.make(catalogue, row.line, `${row.id} does not link ${path}, which tests it`)),
    ...wrong.map((file) => Violation.make(catalogue, row.line, `no title in ${file} begins with ${row.id}`)),
    ...(isSilent ? [Violation.make(catalogue, row.line, `${row.id} needs a test, or "release: …" or "open: …"`)] : [])
  ]
}

const check = (page: Source, tree: Tree): ReadonlyArray<Violation.Violation> => {
  const rows = rowsOf(page.text)
  const titles = new Map(tree.filter(isTest).map((source) => [source.path, titled(source.text)]))
  const tested = rows.filter((row) => row.files.length > 0).length
  return [
    ...complete(rows),
    ...rows.flatMap((row) => truthful(row, titles)),
    ...(tested < leastTested
      ? [Violation.make(catalogue, 1, `${tested} faults have a test, ${leastTested} must have one`)]
      : [])
  ]
}

/** The rule. */
export const rule: Rule = {
  name: "faults",
  statement: "the catalogue of faults and the titles of tests agree",
  check: (tree) => {
    const page = tree.find((source) => source.path === catalogue)
    return page === undefined ? [] : check(page, tree)
  }
}
