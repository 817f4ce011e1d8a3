/**
 * Text tables with aligned columns. Pure.
 */

/** A column: its heading, and whether it holds numbers (aligned right). */
export interface Column {
  readonly heading: string
  readonly numeric: boolean
}

const pad = (text: string, width: number, numeric: boolean): string =>
  numeric ? text.padStart(width) : text.padEnd(width)

/** Lays rows out under headings; short rows are filled up with empty cells. */
export const render = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = columns.map((column, index) =>
    Math.max(column.heading.length, ...rows.map((row) => (row[index] ?? "").length))
  )
  const line = (cells: ReadonlyArray<string>): string =>
    columns.map((column, index) => pad(cells[index] ?? "", widths[index] ?? 0, column.numeric)).join("  ").trimEnd()
  const rule = widths.map((width) => "-".repeat(width)).join("  ")
  return [line(columns.map((column) => column.heading)), rule, ...rows.map(line)].join("\n")
}

/** A number with at most three significant digits below 1,000, and thousands grouped above; "n/a" for none. */
export const number = (value: number | null): string => {
  if (value === null || !Number.isFinite(value)) return "n/a"
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** A ratio with two digits; "n/a" for none. */
export const factor = (value: number | null): string => value === null ? "n/a" : `${value.toFixed(2)}x`
