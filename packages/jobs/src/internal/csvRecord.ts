/**
 * One CSV record as text, and its cells: RFC 4180, strict. Pure.
 *
 * Strict on purpose: a stray quote is a broken row, not a guess, and `csvRecords` can then read on at the next
 * line. A streaming CSV library can not do that, because for it everything up to the next quote is one cell:
 * one stray quote would take the rows after it along.
 */

/** The characters that may separate cells. */
export const delimiters = [",", ";", "\t", "|"] as const

/** A character that separates cells. */
export type Delimiter = typeof delimiters[number]

/** What a record's text turned out to be: cells, a quoted cell that is not closed yet, or not CSV. */
export type Parsed =
  | { readonly _tag: "Cells"; readonly cells: ReadonlyArray<string> }
  | { readonly _tag: "Open" }
  | { readonly _tag: "Broken"; readonly reason: string }

/** Reads the cells of one record (text without its final line break). */
export const parse = (text: string, delimiter: Delimiter): Parsed => {
  if (!text.includes("\"")) {
    return { _tag: "Cells", cells: text.split(delimiter) }
  }
  const cells: Array<string> = []
  let at = 0
  while (at <= text.length) {
    const cell = text[at] === "\"" ? quotedCell(text, at) : plainCell(text, at, delimiter)
    if (cell === null) {
      return { _tag: "Open" }
    }
    if (cell.end < text.length && text[cell.end] !== delimiter) {
      return { _tag: "Broken", reason: `cell ${cells.length + 1} has text after its closing quote` }
    }
    if (cell.stray) {
      return { _tag: "Broken", reason: `cell ${cells.length + 1} has a quote but does not begin with one` }
    }
    cells.push(cell.value)
    at = cell.end + 1
  }
  return { _tag: "Cells", cells }
}

interface Cell {
  readonly value: string
  readonly end: number
  readonly stray: boolean
}

const plainCell = (text: string, start: number, delimiter: Delimiter): Cell => {
  const found = text.indexOf(delimiter, start)
  const end = found === -1 ? text.length : found
  const value = text.slice(start, end)
  return { value, end, stray: value.includes("\"") }
}

const quotedCell = (text: string, start: number): Cell | null => {
  let value = ""
  let from = start + 1
  for (;;) {
    const quote = text.indexOf("\"", from)
    if (quote === -1) {
      return null
    }
    if (text[quote + 1] !== "\"") {
      return { value: value + text.slice(from, quote), end: quote + 1, stray: false }
    }
    value += text.slice(from, quote + 1)
    from = quote + 2
  }
}

/** The delimiter that the header line uses most outside quotes; a comma when it uses none. */
export const detectDelimiter = (header: string): Delimiter => {
  const bare = header.replaceAll(/"[^"]*"/g, "")
  const counts = delimiters.map((delimiter) => bare.split(delimiter).length)
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ","
}

/** Writes cells as one record, quoted where needed, ending with `\n`. */
export const format = (cells: ReadonlyArray<string>, delimiter: Delimiter = ","): string =>
  `${cells.map((cell) => formatCell(cell, cells.length === 1, delimiter)).join(delimiter)}\n`

// The only cell of a record is quoted when it is empty: a blank line would not be a row.
const formatCell = (cell: string, only: boolean, delimiter: Delimiter): string =>
  /["\r\n]/.test(cell) || cell.includes(delimiter) || (only && cell === "")
    ? `"${cell.replaceAll("\"", "\"\"")}"`
    : cell
