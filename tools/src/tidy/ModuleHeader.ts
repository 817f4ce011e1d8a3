/**
 * Every module of a library starts with a comment: what it is, when to use it, what it guarantees.
 */
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

const header = /^(?:#![^\n]*\n)?\s*\/\*\*([^]*?)\*\/\s*?\n([^\n]*)/

/** Does a text start with a doc comment of its own, one that does not belong to the declaration below it? */
export const hasHeader = (text: string): boolean => {
  const match = header.exec(text)
  if (match === null) return false
  const [, comment = "", next = ""] = match
  const says = comment.replace(/^[\s*]*@.*$/gm, "").replace(/[\s*]/g, "")
  return says !== "" && !/^(?:export|const|function|class|interface|type)\b/.test(next)
}

/** The rule. */
export const rule = Rule.perFile({
  name: "module-header",
  statement: "every module of a library starts with a comment that says what it is",
  applies: (source) => Source.isLibrary(source) && !Source.isIndex(source),
  check: (source) =>
    hasHeader(source.text)
      ? []
      : [Violation.make(source.path, 1, "start with /** what it is, when to use it, what it guarantees */")]
})
