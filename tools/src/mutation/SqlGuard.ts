/**
 * Finds the guards of an SQL statement: the terms of its WHERE, ON and HAVING clauses, at every depth.
 *
 * Reads tokens, not a grammar: enough for the statements of this repository, whose clauses join their terms with `and`.
 * A clause that has an `or` of its own is one term.
 */

/** One term of a clause, by its place in the statement. */
export interface Guard {
  readonly clause: "where" | "on" | "having"
  readonly start: number
  readonly end: number
  readonly text: string
}

interface Token {
  readonly word: string
  readonly start: number
  readonly end: number
}

const tokenPattern = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[a-z_][a-z_0-9]*|[(),]/gi

const tokensOf = (sql: string): ReadonlyArray<Token> =>
  [...sql.matchAll(tokenPattern)].map(({ 0: word, index }) => ({
    word: word.toLowerCase(),
    start: index,
    end: index + word.length
  }))

/** Words that end a clause when they stand at its own depth. */
const enders = new Set(
  ("order limit offset for group having union except intersect returning window "
    + "where on join left right inner cross full do ,").split(" ")
)

/** `on conflict` starts no condition. */
const opens = (tokens: ReadonlyArray<Token>, index: number): Guard["clause"] | null => {
  const word = tokens[index]?.word
  if (word === "where" || word === "having") return word
  return word === "on" && tokens[index + 1]?.word !== "conflict" ? "on" : null
}

interface Cut {
  readonly kind: "and" | "or"
  readonly start: number
  readonly end: number
}

/** The end of the clause that begins after `from`, and the `and` and `or` of its own depth. */
const clauseAfter = (sql: string, tokens: ReadonlyArray<Token>, from: number) => {
  const cuts: Array<Cut> = []
  let depth = 0
  let isBetween = false
  for (const token of tokens.slice(from)) {
    if (token.word === "(" || token.word === "case") depth++
    else if (token.word === ")" || (token.word === "end" && depth > 0)) depth--
    if (depth < 0 || (depth === 0 && enders.has(token.word))) return { end: token.start, cuts }
    if (depth > 0) continue
    if (token.word === "between") isBetween = true
    else if (token.word === "and" && isBetween) isBetween = false
    else if (token.word === "and" || token.word === "or") {
      cuts.push({ kind: token.word, start: token.start, end: token.end })
    }
  }
  return { end: sql.length, cuts }
}

const termsOf = (sql: string, tokens: ReadonlyArray<Token>, index: number, clause: Guard["clause"]) => {
  const start = tokens[index]?.end ?? 0
  const { cuts, end } = clauseAfter(sql, tokens, index + 1)
  const seams = cuts.some((cut) => cut.kind === "or") ? [] : cuts
  const starts = [start, ...seams.map((cut) => cut.end)]
  const ends = [...seams.map((cut) => cut.start), end]
  return starts.map((from, place): Guard => {
    const raw = sql.slice(from, ends[place])
    const begin = from + raw.length - raw.trimStart().length
    const text = raw.trim()
    return { clause, start: begin, end: begin + text.length, text }
  })
}

/** All guards of a statement, in the order of their clauses; those that are `true` already are left out. */
export const find = (sql: string): ReadonlyArray<Guard> => {
  const tokens = tokensOf(sql)
  return tokens
    .flatMap((_, index) => {
      const clause = opens(tokens, index)
      return clause === null ? [] : termsOf(sql, tokens, index, clause)
    })
    .filter((guard) => guard.text !== "" && guard.text !== "true")
}

/** The statement without one of its guards. */
export const without = (sql: string, guard: Guard): string => `${sql.slice(0, guard.start)}true${sql.slice(guard.end)}`
