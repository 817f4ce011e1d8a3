import type { Rule, Tree } from "../../src/tidy/Rule.ts"
import * as Source from "../../src/tidy/Source.ts"
import * as Violation from "../../src/tidy/Violation.ts"

/** A tree of files with the given texts. */
export const tree = (files: Readonly<Record<string, string>>): Tree =>
  Object.entries(files).map(([path, text]) => Source.make(path, text))

/** What a rule finds in files with the given texts. */
export const find = (rule: Rule, files: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  rule.check(tree(files)).map(Violation.render)
