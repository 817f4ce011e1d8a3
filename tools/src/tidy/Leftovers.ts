/**
 * Nothing half done is left behind: no notes to oneself, no focused or skipped tests.
 */
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

const note = /\b(?:TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/g

const shortcut = /\b(?:it|test|describe|suite|layer)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/g

const find = (
  source: Source.Source,
  text: string,
  pattern: RegExp,
  remedy: string
): ReadonlyArray<Violation.Violation> =>
  [...text.matchAll(pattern)].map((match) =>
    Violation.make(source.path, Source.lineAt(source, match.index), `"${match[0]}": ${remedy}`)
  )

/** The rule about notes, for everything that people write. */
export const notes = Rule.perFile({
  name: "notes",
  statement: "no file holds a note to do something later",
  applies: (source) => Source.isTypeScript(source) || /\.(?:md|sql|sh|css|html)$/.test(source.path),
  check: (source) => find(source, source.text, note, "do it now, or open an issue")
})

/** The rule about tests that do not run, or keep others from running. */
export const shortcuts = Rule.perFile({
  name: "test-shortcuts",
  statement: "no test is focused, skipped or left to be written",
  applies: Source.isTypeScript,
  check: (source) => find(source, source.code, shortcut, "every test runs, always")
})
