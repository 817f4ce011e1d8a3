/**
 * Counts the rows of a job and keeps what its result tells of them: bounded, however many rows there are.
 */
import type { DataResult } from "../DataPayload.ts"
import { maxListedErrors } from "../DataPayload.ts"
import type { WrittenRow } from "./rowPlan.ts"
import type { BrokenRow } from "./sourceRow.ts"
import { storable } from "./sourceRow.ts"

/** A tally under way. */
export interface DataTally {
  readonly add: (row: WrittenRow | BrokenRow) => void
  readonly note: () => string
  readonly result: () => Pick<DataResult, "counts" | "errors" | "stores">
}

// More names than a result should hold (each may keep the block of 16 KiB alive that it was cut from); the rows of further stores are counted together.
const maxStores = 1000

const otherStores = "(other stores)"

/** An empty tally. */
export const make = (): DataTally => {
  const errors: Array<DataResult["errors"][number]> = []
  const stores = new Map<string, number>()
  let written = 0
  let failed = 0
  const count = (name: string): void => {
    const store = stores.has(name) || stores.size < maxStores ? name : otherStores
    stores.set(store, (stores.get(store) ?? 0) + 1)
  }
  return {
    add: (row) => {
      if (row._tag === "Written") {
        written += 1
        if (row.store !== null) {
          count(row.store)
        }
        return
      }
      failed += 1
      if (errors.length < maxListedErrors) {
        errors.push({ row: row.row, line: row.line, column: row.column, reason: row.reason })
      }
    },
    note: () => `${written + failed} rows read, ${failed} failed`,
    result: () => ({
      counts: { read: written + failed, written, failed },
      errors,
      ...(stores.size === 0 ? {} : { stores: readable(stores) })
    })
  }
}

const readable = (stores: ReadonlyMap<string, number>): { readonly [store: string]: number } =>
  Object.fromEntries(Array.from(stores, ([store, rows]) => [storable(store, 200), rows]))
