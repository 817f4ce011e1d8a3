/**
 * Changes the cells of a row as a `RowTransform` says. Pure.
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { RowTransform } from "../DataPayload.ts"
import type { Fault } from "./rowRules.ts"
import { numberOf } from "./rowRules.ts"
import type { Cells } from "./sourceRow.ts"

/**
 * The changed cells, or the fault that prevents the change.
 *
 * **Details**
 *
 * Order: trim, uppercase, lowercase, scale, select, rename. A column to scale must hold a number; a selected
 * column must be there.
 */
export const apply = (transform: RowTransform, cells: Cells): Result.Result<Cells, Fault> => {
  let entries = Object.entries(cells)
  if (transform.trim === true) {
    entries = mapText(entries, null, (text) => text.trim())
  }
  entries = mapText(entries, transform.uppercase ?? [], (text) => text.toUpperCase())
  entries = mapText(entries, transform.lowercase ?? [], (text) => text.toLowerCase())
  return scaled(entries, transform.scale ?? {}).pipe(
    Result.flatMap((entries) => selected(entries, transform.select)),
    Result.flatMap((entries) => renamed(entries, transform.rename ?? {}))
  )
}

type Entries = Array<[string, Schema.Json]>

// `columns` null: all of them.
const mapText = (entries: Entries, columns: ReadonlyArray<string> | null, change: (text: string) => string): Entries =>
  columns?.length === 0
    ? entries
    : entries.map(([column, value]) => [
      column,
      typeof value === "string" && (columns === null || columns.includes(column)) ? change(value) : value
    ])

const scaled = (entries: Entries, factors: { readonly [column: string]: number }): Result.Result<Entries, Fault> => {
  const out: Entries = []
  for (const [column, value] of entries) {
    const factor = Object.hasOwn(factors, column) ? factors[column] : undefined
    if (factor === undefined || value === null || value === "") {
      out.push([column, value])
      continue
    }
    const number = numberOf(value)
    if (number === null || !Number.isFinite(number * factor)) {
      return Result.fail({ column, reason: `${column} can not be scaled: it is not a number` })
    }
    // 15 significant digits: 0.1 × 3 is 0.3, not 0.30000000000000004.
    out.push([column, Number((number * factor).toPrecision(15))])
  }
  return Result.succeed(out)
}

const selected = (entries: Entries, columns: ReadonlyArray<string> | undefined): Result.Result<Entries, Fault> => {
  if (columns === undefined) {
    return Result.succeed(entries)
  }
  const byName = new Map(entries)
  const absent = columns.find((column) => !byName.has(column))
  return absent === undefined
    ? Result.succeed(columns.map((column) => [column, byName.get(column) ?? null]))
    : Result.fail({ column: absent, reason: `${absent} is selected but not in this row` })
}

const renamed = (entries: Entries, names: { readonly [column: string]: string }): Result.Result<Cells, Fault> => {
  const cells = new Map<string, Schema.Json>()
  for (const [column, value] of entries) {
    const name = Object.hasOwn(names, column) ? names[column] ?? column : column
    if (cells.has(name)) {
      return Result.fail({ column, reason: `${name} is the name of two columns after renaming` })
    }
    cells.set(name, value)
  }
  return Result.succeed(Object.fromEntries(cells))
}
