/**
 * What is done to each row of a job: rules, then changes, then writing. Decided once, by the payload and the
 * first columns seen; pure from then on.
 */
import * as Result from "effect/Result"
import type { DataPayload } from "../DataPayload.ts"
import * as RowFormat from "./rowFormat.ts"
import type { Fault, Rule } from "./rowRules.ts"
import * as RowRules from "./rowRules.ts"
import * as RowTransform from "./rowTransform.ts"
import type { BrokenRow, Cells, ReadableRow } from "./sourceRow.ts"
import { broken } from "./sourceRow.ts"

/** A plan: the rules, and whether rows are products of stores. */
export interface RowPlan {
  readonly rules: ReadonlyArray<Rule>
  readonly isProducts: boolean
}

/** A row that is written: its text in the output, and the store it is counted for (null: none). */
export interface WrittenRow {
  readonly _tag: "Written"
  readonly text: string
  readonly store: string | null
}

/**
 * The plan for a payload whose header, or first row, has these columns.
 *
 * **Details**
 *
 * Rules of the payload come first. Without them, an import whose columns are those of a product list is checked by
 * the rules of one; anything else is only read and written.
 */
export const make = (payload: DataPayload, columns: ReadonlyArray<string>): RowPlan => {
  const isProducts = payload.operation === "import" && RowRules.isProducts(columns)
  if (payload.columns !== undefined) {
    return { rules: RowRules.make(payload.columns), isProducts }
  }
  return { rules: isProducts ? RowRules.products : [], isProducts }
}

/** Why no row of a CSV with this header could be good; null when some could. */
export const headerFault = (plan: RowPlan, payload: DataPayload, header: ReadonlyArray<string>): string | null => {
  const known = new Set([...header, ...plan.rules.map((rule) => rule.column)])
  const absent = [
    ...RowRules.missing(plan.rules, header),
    ...(payload.transform?.select ?? []).filter((column) => !known.has(column))
  ]
  return absent.length === 0
    ? null
    : `columns missing from the header: ${absent.join(", ")} (it has: ${header.join(", ")})`
}

/** Takes one row through the plan: the text to write, or the broken row to report. */
export const apply = (
  plan: RowPlan,
  { transform }: DataPayload,
  format: RowFormat.RowFormat,
  row: ReadableRow
): WrittenRow | BrokenRow => {
  const checked = RowRules.check(plan.rules, row.cells)
  if (Result.isFailure(checked)) {
    return reject(row, checked.failure)
  }
  const changed = transform === undefined
    ? Result.succeed(checked.success)
    : RowTransform.apply(transform, checked.success)
  const text = Result.flatMap(changed, format.encode)
  return Result.isFailure(text)
    ? reject(row, [text.failure])
    : { _tag: "Written", text: text.success, store: plan.isProducts ? storeOf(checked.success) : null }
}

/** The format that an operation writes: CSV for an export, else JSON lines. */
export const format = (operation: DataPayload["operation"]): RowFormat.RowFormat =>
  operation === "export" ? RowFormat.csv() : RowFormat.jsonLines

const reject = (row: ReadableRow, faults: readonly [Fault, ...ReadonlyArray<Fault>]): BrokenRow =>
  broken(row, faults[0].column, faults.map((fault) => fault.reason).join("; "), JSON.stringify(row.cells))

const storeOf = (cells: Cells): string | null => (typeof cells["store"] === "string" ? cells["store"] : null)
