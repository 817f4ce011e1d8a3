/**
 * A rule of the house: a pure function from the tree of files to violations.
 */
import type { Source } from "./Source.ts"
import type { Violation } from "./Violation.ts"

/** All files that are looked at. */
export type Tree = ReadonlyArray<Source>

/** A rule; its name is the key of its exceptions in `tools/allowed.json`. */
export interface Rule {
  readonly name: string
  /** What holds, as a sentence in lower case. */
  readonly statement: string
  readonly check: (tree: Tree) => ReadonlyArray<Violation>
}

/** A rule that looks at each file by itself. */
export const perFile = (options: {
  readonly name: string
  readonly statement: string
  readonly applies: (source: Source) => boolean
  readonly check: (source: Source) => ReadonlyArray<Violation>
}): Rule => ({
  name: options.name,
  statement: options.statement,
  check: (tree) => tree.filter(options.applies).flatMap((source) => options.check(source))
})
