/**
 * A decision tells its context, its options, what was decided and what follows; its number is its own.
 */
import type { Rule, Tree } from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

const headings = ["Context", "Options", "Decision", "Consequences"]

const isDecision = (source: Source.Source): boolean =>
  /^docs\/decisions\/[^/]+\.md$/.test(source.path) && Source.fileName(source) !== "README.md"

/** The headings of the second level, in their order. */
const headingsOf = (source: Source.Source): ReadonlyArray<string> =>
  [...source.text.matchAll(/^## +(.+?) *$/gm)].map((match) => match[1] ?? "")

const checkOne = (source: Source.Source): ReadonlyArray<Violation.Violation> => {
  const found = headingsOf(source).filter((heading) => headings.includes(heading))
  return [
    ...(/^\d{4}-[a-z\d-]+\.md$/.test(Source.fileName(source))
      ? []
      : [Violation.make(source.path, 1, "is not named NNNN-what-was-decided.md")]),
    ...(found.join() === headings.join()
      ? []
      : [Violation.make(source.path, 1, `needs the headings ${headings.join(", ")} in this order`)])
  ]
}

const repeated = (decisions: Tree): ReadonlyArray<Violation.Violation> =>
  decisions.flatMap((source, index) => {
    const number = Source.fileName(source).slice(0, 4)
    const earlier = decisions.slice(0, index).find((other) => Source.fileName(other).startsWith(number))
    return earlier === undefined ? [] : [Violation.make(source.path, 1, `${number} is taken by ${earlier.path}`)]
  })

/** The rule. */
export const rule: Rule = {
  name: "decisions",
  statement: "every decision has a number of its own and the four headings",
  check: (tree) => {
    const decisions = tree.filter(isDecision)
    return [...decisions.flatMap(checkOne), ...repeated(decisions)]
  }
}
