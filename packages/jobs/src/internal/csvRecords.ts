/**
 * Turns the lines of a CSV file into records of equal width: that of the first.
 *
 * A quoted cell may span lines. A record whose quote is never closed, closes with text behind it, or has whole
 * records between its first and its last line, is reported as broken by its first line alone, and reading resumes at
 * the line after it: one stray quote costs one row. Every line is looked at a bounded number of times, and at most
 * `maxChars` are held back.
 */
import * as CsvRecord from "./csvRecord.ts"
import type { Line } from "./lineSplitter.ts"

/** A record with the number of its first line and its text; `fault` is null when it has cells. */
export type CsvEntry =
  | { readonly line: number; readonly raw: string; readonly cells: ReadonlyArray<string>; readonly fault: null }
  | { readonly line: number; readonly raw: string; readonly cells: null; readonly fault: string }

/** A reader under way: `feed` answers the records that the new lines complete, `end` what was left open. */
export interface CsvRecords {
  readonly feed: (lines: ReadonlyArray<Line>) => ReadonlyArray<CsvEntry>
  readonly end: () => ReadonlyArray<CsvEntry>
}

/**
 * What a reader is made with: the delimiter (undefined: the one that the first line uses most) and the number of
 * characters that one record may have.
 */
export interface Options {
  readonly delimiter: CsvRecord.Delimiter | undefined
  readonly maxChars: number
}

/** A reader of CSV lines. */
export const make = (options: Options): CsvRecords => {
  const state: State = { ...options, width: null, open: [], openChars: 0 }
  const feed = (lines: ReadonlyArray<Line>): ReadonlyArray<CsvEntry> => {
    const entries: Array<CsvEntry> = []
    // A stack, the next line on top: lines that an unclosed record gives back go on top again.
    const work = lines.toReversed()
    for (let line = work.pop(); line !== undefined; line = work.pop()) {
      const step = state.open.length === 0 ? begin(state, line) : proceed(state, line)
      append(entries, step.entries)
      append(work, step.again)
    }
    return entries
  }
  const end = (): ReadonlyArray<CsvEntry> => {
    const entries: Array<CsvEntry> = []
    while (state.open.length > 0) {
      const step = giveUp(state, "a quote is opened here and never closed")
      append(entries, step.entries)
      append(entries, feed(step.again.toReversed()))
    }
    return entries
  }
  return { feed, end }
}

interface State {
  delimiter: CsvRecord.Delimiter | undefined
  width: number | null
  open: Array<Line>
  openChars: number
  readonly maxChars: number
}

// `again` are lines to read once more, the next one last.
interface Step {
  readonly entries: ReadonlyArray<CsvEntry>
  readonly again: ReadonlyArray<Line>
}

// One by one: as arguments of `push`, half a million short lines would overflow the stack.
const append = <A>(list: Array<A>, more: ReadonlyArray<A>): void => {
  for (const one of more) {
    list.push(one)
  }
}

const nothing: Step = { entries: [], again: [] }

const one = (entry: CsvEntry): Step => ({ entries: [entry], again: [] })

const faulty = (line: Line, fault: string): CsvEntry => ({ line: line.number, raw: line.text, cells: null, fault })

// A record on one line, or the beginning of one that spans lines.
const begin = (state: State, line: Line): Step => {
  if (line.text === "" && !line.tooLong) {
    return nothing
  }
  if (line.tooLong) {
    return one(faulty(line, `longer than ${state.maxChars} characters`))
  }
  state.delimiter ??= CsvRecord.detectDelimiter(line.text)
  const parsed = CsvRecord.parse(line.text, state.delimiter)
  switch (parsed._tag) {
    case "Broken":
      return one(faulty(line, parsed.reason))
    case "Open":
      state.open = [line]
      state.openChars = line.text.length
      return nothing
    case "Cells":
      return one(accept(state, line, line.text, parsed.cells))
  }
}

// Inside a quoted cell. Only a line with an odd number of quotes can close it: the others are not even parsed.
const proceed = (state: State, line: Line): Step => {
  state.open.push(line)
  state.openChars += line.text.length + 1
  if (line.tooLong || state.openChars > state.maxChars) {
    return giveUp(state, "a quote is opened here and never closed")
  }
  if (quotes(line.text) % 2 === 0) {
    return nothing
  }
  const [first = line, ...inner] = state.open.slice(0, -1)
  const raw = state.open.map((part) => part.text).join("\n")
  const parsed = CsvRecord.parse(raw, state.delimiter ?? ",")
  if (parsed._tag !== "Cells" || areRecords(state, inner)) {
    return giveUp(state, "a quote is opened here and not closed in this row")
  }
  state.open = []
  return one(accept(state, first, raw, parsed.cells))
}

// A cell whose lines are all records of the right width is no cell: two stray quotes, rows apart, enclose good rows.
// From a width of 3 on; below, a line of prose with a comma in it would do.
const areRecords = ({ delimiter = ",", width }: State, inner: ReadonlyArray<Line>): boolean => {
  const lines = inner.filter((line) => line.text !== "")
  return width !== null && width >= 3 && lines.length > 0 && lines.every((line) => {
    const parsed = CsvRecord.parse(line.text, delimiter)
    return parsed._tag === "Cells" && parsed.cells.length === width
  })
}

const giveUp = (state: State, fault: string): Step => {
  const [first, ...rest] = state.open
  state.open = []
  return first === undefined ? nothing : { entries: [faulty(first, fault)], again: rest.toReversed() }
}

const accept = (state: State, line: Line, raw: string, cells: ReadonlyArray<string>): CsvEntry => {
  state.width ??= cells.length
  return cells.length === state.width
    ? { line: line.number, raw, cells, fault: null }
    : { line: line.number, raw, cells: null, fault: misfit(cells.length, state.width) }
}

const misfit = (found: number, expected: number): string =>
  `${found} ${found === 1 ? "cell" : "cells"} where the header has ${expected}`

const quotes = (text: string): number => {
  let count = 0
  for (let at = text.indexOf("\""); at !== -1; at = text.indexOf("\"", at + 1)) {
    count += 1
  }
  return count
}
