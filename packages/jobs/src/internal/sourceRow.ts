/**
 * A row as it comes from a source: readable, or broken with its reason.
 */
import type * as Schema from "effect/Schema"

/** The cells of a row by column name. */
export type Cells = { readonly [column: string]: Schema.Json }

/** The one name that no column may have: assigning to it would change an object's prototype. */
export const forbiddenColumn = "__proto__"

/**
 * Where a row is: `row` counts the data rows from 1 (a header is none, blank lines are none), `line` is the
 * line of the file on which the row starts, null for inline arrays.
 */
export interface Place {
  readonly row: number
  readonly line: number | null
}

/** A row that could be read. */
export interface ReadableRow extends Place {
  readonly _tag: "Readable"
  readonly cells: Cells
}

/** A row that could not be read or does not keep the rules. `raw` is the row as found, cut to a limit. */
export interface BrokenRow extends Place {
  readonly _tag: "Broken"
  readonly column: string | null
  readonly reason: string
  readonly raw: string
}

/** A row of a source. */
export type SourceRow = ReadableRow | BrokenRow

// A broken row is kept for a person to look at, not to be processed: its start is enough.
const rawMaxChars = 2000

/** A broken row with its raw text cut to 2,000 characters. */
export const broken = (place: Place, column: string | null, reason: string, raw: string): BrokenRow => ({
  _tag: "Broken",
  row: place.row,
  line: place.line,
  column: column === null ? null : storable(column, 200),
  reason: storable(reason, 500),
  raw: storable(raw, rawMaxChars)
})

/**
 * Text that every storage takes: cut to `max` characters, control characters (but tab and line breaks) and lone
 * surrogates replaced by U+FFFD.
 */
export const storable = (text: string, max: number): string =>
  (text.length > max ? `${text.slice(0, max)}…` : text).replaceAll(unstorable, "\uFFFD")

const unstorable = /(?![\t\r\n])[\p{Cc}\p{Cs}]/gu
