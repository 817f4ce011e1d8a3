/**
 * Turns the lines of a source into numbered rows: CSV by its header, JSON lines by themselves.
 *
 * Readers hold back at most one unfinished row.
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as CsvRecord from "./csvRecord.ts"
import type { CsvEntry } from "./csvRecords.ts"
import * as CsvRecords from "./csvRecords.ts"
import type { Line } from "./lineSplitter.ts"
import type { Cells, Place, SourceRow } from "./sourceRow.ts"
import { broken, forbiddenColumn } from "./sourceRow.ts"

/** Rows, or why the source can not be read at all (a faulty header). */
export type Rows = Result.Result<ReadonlyArray<SourceRow>, string>

/**
 * A reader under way: `feed` answers the rows that the new lines complete, `end` what was left.
 *
 * **Details**
 *
 * `header` is the list of columns, null until it was read and for JSON lines, which have none.
 */
export interface RowReader {
  readonly feed: (lines: ReadonlyArray<Line>) => Rows
  readonly end: () => Rows
  readonly header: () => ReadonlyArray<string> | null
}

/**
 * What a reader is made with: the delimiter of a CSV (undefined: found in the header) and the number of characters
 * that one row may have.
 */
export interface Options {
  readonly delimiter: CsvRecord.Delimiter | undefined
  readonly maxChars: number
}

/** A reader of CSV with a header. */
export const csv = (options: Options): RowReader => {
  const records = CsvRecords.make(options)
  let header: ReadonlyArray<string> | null = null
  let row = 0
  const rows = (entries: ReadonlyArray<CsvEntry>): Rows => {
    const [first, ...rest] = entries
    if (header === null && first !== undefined) {
      const read = readHeader(first)
      if (Result.isFailure(read)) {
        return Result.fail(read.failure)
      }
      header = read.success
      return rows(rest)
    }
    const columns = header ?? []
    return Result.succeed(entries.map((entry) => {
      row += 1
      return csvRow(columns, entry, { row, line: entry.line })
    }))
  }
  return { feed: (lines) => rows(records.feed(lines)), end: () => rows(records.end()), header: () => header }
}

const readHeader = (entry: CsvEntry): Result.Result<ReadonlyArray<string>, string> => {
  if (entry.cells === null) {
    return Result.fail(`header (line ${entry.line}): ${entry.fault}`)
  }
  const columns = entry.cells.map((cell) => cell.trim())
  const nameless = columns.indexOf("")
  if (nameless !== -1) {
    return Result.fail(`header (line ${entry.line}): column ${nameless + 1} has no name`)
  }
  if (columns.includes(forbiddenColumn)) {
    return Result.fail(`header (line ${entry.line}): no column may be named ${forbiddenColumn}`)
  }
  const twice = columns.find((column, at) => columns.indexOf(column) !== at)
  return twice === undefined
    ? Result.succeed(columns)
    : Result.fail(`header (line ${entry.line}): two columns are named ${JSON.stringify(twice)}`)
}

const csvRow = (columns: ReadonlyArray<string>, entry: CsvEntry, place: Place): SourceRow => {
  if (entry.cells === null) {
    return broken(place, null, entry.fault, entry.raw)
  }
  if (isUnreadable(entry.raw)) {
    return broken(place, null, unreadable, entry.raw)
  }
  const cells: { [column: string]: string } = {}
  for (let at = 0; at < columns.length; at += 1) {
    cells[columns[at] ?? ""] = entry.cells[at] ?? ""
  }
  return { _tag: "Readable", row: place.row, line: place.line, cells }
}

/** A reader of JSON lines: one JSON object a line, blank lines left out. */
export const jsonLines = (options: Options): RowReader => {
  let row = 0
  const read = (line: Line): SourceRow => {
    row += 1
    const place = { row, line: line.number }
    if (line.tooLong) {
      return broken(place, null, `longer than ${options.maxChars} characters`, line.text)
    }
    return isUnreadable(line.text) ? broken(place, null, unreadable, line.text) : jsonText(line.text, place)
  }
  return {
    feed: (lines) => Result.succeed(lines.filter((line) => line.text.trim() !== "").map(read)),
    end: () => Result.succeed([]),
    header: () => null
  }
}

const jsonText = (text: string, place: Place): SourceRow => {
  const parsed = Result.try(() => JSON.parse(text) as Schema.Json)
  return Result.isFailure(parsed)
    ? broken(place, null, "not valid JSON", text)
    : jsonRow(parsed.success, place, () => text)
}

/** A JSON value as a row: an object at most 100 levels deep, or broken. `raw` is asked only for a broken one. */
export const jsonRow = (value: Schema.Json, place: Place, raw: () => string): SourceRow => {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return broken(place, null, "not a JSON object", raw())
  }
  if (Object.hasOwn(value, forbiddenColumn)) {
    return broken(place, forbiddenColumn, `no column may be named ${forbiddenColumn}`, raw())
  }
  return isDeeper(value, maxDepth)
    ? broken(place, null, `nested more than ${maxDepth} levels`, raw())
    : { _tag: "Readable", ...place, cells: value as Cells }
}

// As deep as a payload may be: what is written must be readable by JSON parsers that recurse.
const maxDepth = 100

// Level by level, never by recursion: a hostile line must not overflow the stack.
const isDeeper = (value: Schema.Json, levels: number): boolean => {
  let nodes: ReadonlyArray<Schema.Json> = [value]
  for (let depth = 0; nodes.length > 0; depth += 1) {
    if (depth > levels) {
      return true
    }
    nodes = nodes.flatMap((
      node
    ) => (node === null || typeof node !== "object" ? [] : Object.values(node).filter(isTree)))
  }
  return false
}

const isTree = (node: Schema.Json): boolean => typeof node === "object" && node !== null

// U+FFFD is what the decoder makes of bytes that are not UTF-8.
const isUnreadable = (text: string): boolean => text.includes("\uFFFD") || text.includes("\0")

const unreadable = "not UTF-8 text (or it holds a NUL character)"
