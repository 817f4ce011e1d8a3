/**
 * How a row is written: as a JSON line, or as a CSV record under the header of the first row.
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as CsvRecord from "./csvRecord.ts"
import type { Fault } from "./rowRules.ts"
import type { Cells } from "./sourceRow.ts"

/** Writes rows one after the other; a row that does not fit the format is refused with its fault. */
export interface RowFormat {
  readonly extension: "csv" | "jsonl"
  readonly encode: (cells: Cells) => Result.Result<string, Fault>
}

/** One JSON object a line. */
export const jsonLines: RowFormat = {
  extension: "jsonl",
  encode: (cells) => Result.succeed(`${JSON.stringify(cells)}\n`)
}

/**
 * CSV with commas. The columns are those of the first row; a later row may lack some (empty cells), but not add any.
 *
 * **Details**
 *
 * Null is an empty cell, an object or array its JSON text.
 */
export const csv = (): RowFormat => {
  let columns: ReadonlyArray<string> | null = null
  return {
    extension: "csv",
    encode: (cells) => {
      const header = columns === null ? CsvRecord.format(Object.keys(cells)) : ""
      const known: ReadonlyArray<string> = columns ?? Object.keys(cells)
      const added = Object.keys(cells).find((column) => !known.includes(column))
      if (added !== undefined) {
        return Result.fail({
          column: added,
          reason: `${added} is not a column of the first row; name the columns in transform.select`
        })
      }
      columns = known
      return Result.succeed(header + CsvRecord.format(known.map((column) => cellText(cells[column]))))
    }
  }
}

const cellText = (cell: Schema.Json | undefined): string => {
  if (cell === undefined || cell === null) {
    return ""
  }
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell)
}
