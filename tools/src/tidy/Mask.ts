/**
 * Blanks out what is not code: comments, and on demand the contents of strings, templates and regular expressions.
 *
 * The result has the length and the line breaks of the input, so positions stay true. This is a scanner, not a parser:
 * whether a slash starts a regular expression is decided by the character before it.
 */

type Kind = "comment" | "literal"

interface Span {
  readonly start: number
  readonly end: number
  readonly kind: Kind
}

const comment = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y
const quoted = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y
const templatePart = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{|$)/y
const regularExpression = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const beforeRegularExpression = /(?:^|[(,=:[!&|?{};+\-*%<>~^\n]|\b(?:return|case|typeof|in|of|yield))\s*$/

/** The end of the match of a sticky expression at a position, or undefined. */
const endOf = (expression: RegExp, text: string, at: number): number | undefined => {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : undefined
}

const isRegularExpressionAllowed = (text: string, at: number): boolean =>
  beforeRegularExpression.test(text.slice(Math.max(0, at - 20), at))

/** The comment or literal that starts at a position; a template only up to its first `${`. */
const spanAt = (text: string, at: number): Span | undefined => {
  const character = text[at]
  if (character === "/") {
    const commentEnd = endOf(comment, text, at)
    if (commentEnd !== undefined) return { start: at, end: commentEnd, kind: "comment" }
    const end = isRegularExpressionAllowed(text, at) ? endOf(regularExpression, text, at) : undefined
    return end === undefined ? undefined : { start: at, end, kind: "literal" }
  }
  if (character === "\"" || character === "'") {
    const end = endOf(quoted, text, at)
    return end === undefined ? undefined : { start: at, end, kind: "literal" }
  }
  return character === "`" ? templateAt(text, at, at + 1) : undefined
}

const templateAt = (text: string, start: number, from: number): Span => ({
  start,
  end: endOf(templatePart, text, from) ?? text.length,
  kind: "literal"
})

/** All comments and literals of a text, in order. Code between `${` and `}` of a template is code. */
const scan = (text: string): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  const open: Array<number> = []
  let depth = 0
  let at = 0
  const take = (span: Span): void => {
    spans.push(span)
    at = span.end
    if (text.slice(span.start, at).endsWith("${") && span.kind === "literal") open.push(depth)
  }
  while (at < text.length) {
    const span = text[at] === "}" && open.at(-1) === depth ? templateAt(text, at, at + 1) : spanAt(text, at)
    if (span !== undefined) {
      if (text[at] === "}") open.pop()
      take(span)
      continue
    }
    if (text[at] === "{") depth++
    if (text[at] === "}") depth--
    at++
  }
  return spans
}

const blank = (text: string): string => text.replace(/[^\n]/g, " ")

const hide = (text: string, isHidden: (span: Span) => boolean): string => {
  let result = ""
  let at = 0
  for (const span of scan(text).filter(isHidden)) {
    result += text.slice(at, span.start) + blank(text.slice(span.start, span.end))
    at = span.end
  }
  return result + text.slice(at)
}

/** The text with its comments blanked out. */
export const comments = (text: string): string => hide(text, (span) => span.kind === "comment")

/** The text with comments, strings, templates and regular expressions blanked out: code only. */
export const all = (text: string): string => hide(text, () => true)
