/**
 * Libraries use the words of GLOSSARY.md: one term, one meaning, no synonyms in identifiers.
 */
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

interface Synonym {
  readonly word: RegExp
  readonly ours: string
}

const synonyms: ReadonlyArray<Synonym> = [
  { word: /^dispatch(?:es|ed|er|ers|ing)?$/, ours: "claim, promote or run" },
  { word: /^(?:n?acks?|n?acked|acknowledge[ds]?|acknowledg(?:ing|ement))$/, ours: "settle" },
  { word: /^visibility$/, ours: "lease" },
  { word: /^discard(?:s|ed|ing)?$/, ours: "dead (the state) or prune" }
]

/** Effect's own names: the option `discard` of its loops, and `Layer.effectDiscard` and its like. */
const borrowed = /\bdiscard:\s*true\b|\b[A-Z]\w*\.\w*[dD]iscard\w*/g

const wordsOf = (identifier: string): ReadonlyArray<string> =>
  identifier.replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2").toLowerCase()
    .split(/[^a-z\d]+/)

/** The word of ours for an identifier that contains a synonym of it. */
const oursFor = (identifier: string): string | undefined => {
  const words = wordsOf(identifier)
  return synonyms.find((synonym) => words.some((word) => synonym.word.test(word)))?.ours
}

/** The rule. */
export const rule = Rule.perFile({
  name: "glossary",
  statement: "no library uses a synonym of a word of the glossary",
  applies: Source.isLibrary,
  check: (source) => {
    const code = source.code.replace(borrowed, (name) => " ".repeat(name.length))
    return [...code.matchAll(/[A-Za-z_$][\w$]*/g)].flatMap((match) => {
      const ours = oursFor(match[0])
      return ours === undefined
        ? []
        : [Violation.make(source.path, Source.lineAt(source, match.index), `"${match[0]}": we say ${ours}`)]
    })
  }
})
