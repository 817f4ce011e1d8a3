/**
 * The `index.ts` of a package is its list of modules and nothing else: complete, and in alphabetical order.
 */
import type { Rule, Tree } from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

/** Modules that users never import by way of the package: programs and hooks of a test runner. */
const apart = /^(?:index|main|.*Setup|.*Worker[A-Z]\w*Main|.*Main)\.ts$/

/** The modules beside an index, in the order of their names, as the formatter sorts them. */
const modulesBeside = (tree: Tree, index: Source.Source): ReadonlyArray<string> => {
  const folder = index.path.slice(0, index.path.lastIndexOf("/") + 1)
  return tree
    .filter((source) => source.path.startsWith(folder) && !source.path.slice(folder.length).includes("/"))
    .map(Source.fileName)
    .filter((name) => /^[A-Z]\w*\.ts$/.test(name) && !apart.test(name))
    .map((name) => name.slice(0, -".ts".length))
    .toSorted((left, right) => (left.toLowerCase() < right.toLowerCase() ? -1 : 1))
}

/** The lines of an index without comments and blank lines. */
const linesOf = (index: Source.Source): ReadonlyArray<string> =>
  index.uncommented.split("\n").map((line) => line.trim()).filter((line) => line !== "")

const check = (tree: Tree, index: Source.Source): ReadonlyArray<Violation.Violation> => {
  const expected = modulesBeside(tree, index).map((name) => `export * as ${name} from "./${name}.ts"`)
  const actual = linesOf(index)
  const at = Array.from({ length: Math.max(expected.length, actual.length) }, (_, line) => line)
    .find((line) => expected[line] !== actual[line])
  return at === undefined
    ? []
    : [Violation.make(index.path, at + 1, `expected ${expected[at] ?? "the end"}, found ${actual[at] ?? "the end"}`)]
}

/** The rule. */
export const rule: Rule = {
  name: "barrels",
  statement: "every index.ts is the complete, ordered list of its modules",
  check: (tree) => tree.filter(Source.isIndex).flatMap((index) => check(tree, index))
}
