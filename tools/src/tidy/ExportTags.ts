/**
 * Every public declaration of a library says what it does, how stable it is, where it belongs and since when.
 */
import type { Rule } from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"
import * as Workspace from "./Workspace.ts"

const declaration =
  /^export (?:declare )?(?:default )?(?:abstract )?(?:async )?(const|let|function\*?|class|interface|type|namespace) +(\w+)/gm

const tags: ReadonlyArray<readonly [name: string, line: RegExp]> = [
  ["@stability", /^ *\* @stability (?:stable|unstable|experimental)$/m],
  ["@category", /^ *\* @category \S.*$/m],
  ["@since", /^ *\* @since \d+\.\d+\.\d+$/m]
]

/** The doc comment that ends right above a position, or nothing. */
const docAbove = (text: string, position: number): string | undefined => {
  const above = text.slice(0, position).trimEnd()
  if (!above.endsWith("*/")) return undefined
  const start = above.lastIndexOf("/**")
  return start === -1 ? undefined : above.slice(start)
}

/** What a doc comment lacks: a first sentence, or one of the tags on a line of its own. */
const lacks = (doc: string | undefined): ReadonlyArray<string> => {
  if (doc === undefined) return ["a doc comment"]
  const first = doc.split("\n").map((line) => line.replace(/^[\s/*]+/, "").trim()).find((line) => line !== "") ?? ""
  return [
    ...(first === "" || first.startsWith("@") ? ["a first sentence"] : []),
    ...tags.filter(([, line]) => !line.test(doc)).map(([name]) => name)
  ]
}

const check = (source: Source.Source): ReadonlyArray<Violation.Violation> => {
  let previous = ""
  return [...source.code.matchAll(declaration)].flatMap((match) => {
    const [, kind = "", name = ""] = match
    // The overloads of a function share the comment of the first.
    const isOverload = kind.startsWith("function") && name === previous
    previous = name
    const missing = isOverload ? [] : lacks(docAbove(source.text, match.index))
    return missing.length === 0
      ? []
      : [Violation.make(source.path, Source.lineAt(source, match.index), `${name} lacks ${missing.join(", ")}`)]
  })
}

/** The rule, for all modules that a package exports. */
export const rule: Rule = {
  name: "export-tags",
  statement: "every public declaration of a library is documented and tagged with @stability, @category and @since",
  check: (tree) => Workspace.publicModules(tree).flatMap(check)
}
