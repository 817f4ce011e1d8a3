/**
 * Examples are executed code: each is named in a guide, and what a document shows of one is the file, word for word.
 */
import type { Rule, Tree } from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

const isExample = (source: Source.Source): boolean => /^examples\/[^/]+\.ts$/.test(source.path)

const isGuide = (source: Source.Source): boolean => /^(?:docs\/guides\/.*|(?:.*\/)?README)\.md$/.test(source.path)

/** The rule that every example can be found from a document. */
export const named: Rule = {
  name: "examples-named",
  statement: "every example is named in a guide or a README",
  check: (tree) => {
    const guides = tree.filter(isGuide).map((source) => source.text).join("\n")
    return tree.filter(isExample)
      .filter((source) => !guides.includes(source.path) && !guides.includes(`(${Source.fileName(source)})`))
      .map((source) => Violation.make(source.path, 1, "is named in no docs/guides/*.md and no README.md"))
  }
}

const fence = /^<!-- example: (\S+) -->\n+```\w*\n([^]*?)^```$/gm

const marker = /^<!-- example: /gm

const compare = (tree: Tree, document: Source.Source): ReadonlyArray<Violation.Violation> => {
  const fences = [...document.text.matchAll(fence)]
  const markers = [...document.text.matchAll(marker)]
  const unfenced = markers.filter((each) => fences.every((match) => match.index !== each.index))
  return [
    ...unfenced.map((each) =>
      Violation.make(document.path, Source.lineAt(document, each.index), "the mark is not followed by a fenced block")
    ),
    ...fences.flatMap((match) => {
      const [, path = "", shown = ""] = match
      const example = tree.find((source) => source.path === path)
      if (example !== undefined && example.text.trimEnd() === shown.trimEnd()) return []
      const problem = example === undefined ? `${path} does not exist` : `the block differs from ${path}: copy it again`
      return [Violation.make(document.path, Source.lineAt(document, match.index), problem)]
    })
  ]
}

/** The rule that a block marked `<!-- example: path -->` equals that file. */
export const copied: Rule = {
  name: "examples-copied",
  statement: "every block that shows an example equals its file",
  check: (tree) => tree.filter((source) => source.path.endsWith(".md")).flatMap((document) => compare(tree, document))
}
