/**
 * No file is longer than 500 lines; 250 are the aim.
 */
import type { Tree } from "./Rule.ts"
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

/** The hard limit, in lines. */
export const limit = 500

/** What a file should not exceed, in lines. */
export const aim = 250

/** The rule; the length of functions is oxlint's business (max-lines-per-function). */
export const rule = Rule.perFile({
  name: "file-size",
  statement: `no source is longer than ${limit} lines`,
  applies: Source.isTypeScript,
  check: (source) => {
    const lines = Source.lineCount(source)
    return lines > limit
      ? [Violation.make(source.path, limit + 1, `${lines} lines: split it, ${limit} are the limit`)]
      : []
  }
})

/** Files beyond the aim, the longest first: no violations, but worth a look. */
export const beyondAim = (tree: Tree): ReadonlyArray<string> =>
  tree.filter(Source.isTypeScript)
    .map((source) => ({ path: source.path, lines: Source.lineCount(source) }))
    .filter(({ lines }) => lines > aim)
    .toSorted((left, right) => right.lines - left.lines)
    .map(({ lines, path }) => `${path}: ${lines} lines`)
