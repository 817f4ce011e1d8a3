/**
 * Text in columns: as wide as their longest entry, numbers to the right.
 *
 * @since 0.1.0
 */
import { displayWidth } from "effect/cli/CliOutput"

/**
 * A column: its head, and the text of a row in it. `right` aligns to the right; defaults to false.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Column<Row> {
  readonly head: string
  readonly of: (row: Row) => string | number | null
  readonly right?: boolean
}

/** An entry is cut here; whoever needs all of it asks for JSON. */
const widthLimit = 60

/**
 * Writes rows as a table; the head alone when there are none. Empty entries are shown as `-`.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const render = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>): string => {
  const lines = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map((column) => cut(textOf(column.of(row)))))
  ]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ""))))
  return lines.map((line) =>
    line.map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.right === true)).join("  ").trimEnd()
  ).join("\n")
}

/**
 * Writes names and values, one a line.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const fields = (entries: ReadonlyArray<readonly [name: string, value: string | number | null]>): string => {
  const shown = entries.filter(([, value]) => value !== null && value !== "")
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n")
}

const textOf = (value: string | number | null): string => {
  if (typeof value === "number") return value.toLocaleString("en-US").replaceAll(",", " ")
  // A payload may hold what moves a terminal's cursor.
  return value === null || value === "" ? "-" : value.replaceAll(/\p{Cc}/gu, " ")
}

const cut = (text: string): string => text.length > widthLimit ? `${text.slice(0, widthLimit - 1)}…` : text

const pad = (text: string, width: number, right: boolean): string => {
  const blank = " ".repeat(Math.max(0, width - displayWidth(text)))
  return right ? blank + text : text + blank
}
