/**
 * Checks and normalises the cells of a row by rules. Pure.
 *
 * Cells of a CSV are text: a number column turns `" 12.50 "` into `12.5`, a date column keeps ISO 8601, and an
 * empty cell is a missing value (null). Columns without a rule pass unchanged.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { ColumnRules, columnTypes } from "../DataPayload.ts"
import type { Cells } from "./sourceRow.ts"

/** A rule with all its conditions stated. */
export interface Rule {
  readonly column: string
  readonly type: typeof columnTypes[number]
  readonly required: boolean
  readonly min: number
  readonly max: number
}

/** Why a cell breaks its row. */
export interface Fault {
  readonly column: string
  readonly reason: string
}

/** The rules of a list, in the order given. */
export const make = (rules: ColumnRules): ReadonlyArray<Rule> =>
  Object.entries(rules).map(([column, rule]) => ({
    column,
    type: typeof rule === "string" ? rule : rule.type,
    required: typeof rule === "string" ? false : rule.required ?? false,
    min: typeof rule === "string" ? -Infinity : rule.min ?? -Infinity,
    max: typeof rule === "string" ? Infinity : rule.max ?? Infinity
  }))

/**
 * The rules of a product list: `store`, `sku`, `name`, `price` (0 or more) and `quantity` (whole, 0 or more), all required.
 */
export const products: ReadonlyArray<Rule> = make({
  store: { type: "string", required: true, max: 200 },
  sku: { type: "string", required: true, max: 200 },
  name: { type: "string", required: true, max: 1000 },
  price: { type: "number", required: true, min: 0 },
  quantity: { type: "integer", required: true, min: 0 }
})

/**
 * True when these columns are those of a product list: three or more of `store`, `sku`, `name`, `price`, `quantity`.
 *
 * **Details**
 *
 * Not all five, so that a list whose first row or header lacks one is checked and not waved through.
 */
export const isProducts = (columns: ReadonlyArray<string>): boolean =>
  products.filter((rule) => columns.includes(rule.column)).length >= 3

/** The required columns that are not among these columns. */
export const missing = (rules: ReadonlyArray<Rule>, columns: ReadonlyArray<string>): ReadonlyArray<string> =>
  rules.filter((rule) => rule.required && !columns.includes(rule.column)).map((rule) => rule.column)

/** The normalised cells, or all faults of the row. */
export const check = (
  rules: ReadonlyArray<Rule>,
  cells: Cells
): Result.Result<Cells, readonly [Fault, ...ReadonlyArray<Fault>]> => {
  if (rules.length === 0) {
    return Result.succeed(cells)
  }
  const faults: Array<Fault> = []
  // A copy keeps the row's own order; columns that only a rule names come last.
  const checked: { [column: string]: Schema.Json } = { ...cells }
  for (const rule of rules) {
    const cell = checkCell(rule, Object.hasOwn(cells, rule.column) ? cells[rule.column] : undefined)
    if (cell instanceof Misfit) {
      faults.push({ column: rule.column, reason: `${rule.column} ${cell.reason}` })
    } else {
      checked[rule.column] = cell
    }
  }
  const [first, ...rest] = faults
  return first === undefined ? Result.succeed(checked) : Result.fail([first, ...rest])
}

// Not a Result: one object for every cell of every row is what the collector would be busy with.
type Checked = Schema.Json | Misfit

class Misfit {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

const checkCell = (rule: Rule, cell: Schema.Json | undefined): Checked => {
  const value = typeof cell === "string" ? cell.trim() : cell
  if (value === undefined || value === null || value === "") {
    return rule.required ? new Misfit("is missing") : null
  }
  switch (rule.type) {
    case "string":
      return checkString(rule, value)
    case "number":
      return checkNumber(rule, value)
    case "integer":
      return checkInteger(rule, value)
    case "boolean":
      return checkBoolean(value)
    case "date":
      return checkDate(value)
  }
}

const checkString = (rule: Rule, value: Schema.Json): Checked => {
  if (typeof value === "object") {
    return new Misfit(`is not text: ${shown(value)}`)
  }
  const text = String(value)
  return within(rule, text.length, " characters", text)
}

// Decimal notation only: no hexadecimal, no Infinity, no thousands separators that mean different things by country.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/

/** The number that a cell holds, as a JSON number or in decimal notation; null for anything else. */
export const numberOf = (cell: Schema.Json): number | null => {
  const number = typeof cell === "string" && decimal.test(cell.trim()) ? Number(cell) : cell
  return typeof number === "number" && Number.isFinite(number) ? number : null
}

const checkNumber = (rule: Rule, value: Schema.Json): Checked => {
  const number = numberOf(value)
  return number === null ? new Misfit(`is not a number: ${shown(value)}`) : within(rule, number, "", number)
}

const checkInteger = (rule: Rule, value: Schema.Json): Checked => {
  const number = numberOf(value)
  return number === null || !Number.isSafeInteger(number)
    ? new Misfit(`is not a whole number: ${shown(value)}`)
    : within(rule, number, "", number)
}

const within = (rule: Rule, measure: number, unit: string, value: Schema.Json): Checked => {
  if (measure < rule.min) {
    return new Misfit(`is less than ${rule.min}${unit}: ${shown(value)}`)
  }
  return measure > rule.max ? new Misfit(`is more than ${rule.max}${unit}: ${shown(value)}`) : value
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false]
])

const checkBoolean = (value: Schema.Json): Checked => {
  const found = typeof value === "object" ? undefined : booleans.get(String(value).toLowerCase())
  return found === undefined ? new Misfit(`is not true or false: ${shown(value)}`) : found
}

const isoDate = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

// The date alone is compared after a round trip: parsers read 30 February as 2 March.
const checkDate = (value: Schema.Json): Checked => {
  const match = typeof value === "string" ? isoDate.exec(value) : null
  const day = match === null ? Option.none() : DateTime.make(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`)
  const valid = match !== null && Option.isSome(day) &&
    DateTime.formatIsoDateUtc(day.value) === `${match[1]}-${match[2]}-${match[3]}` &&
    Option.isSome(DateTime.make(match[0]))
  return valid ? match[0] : new Misfit(`is not an ISO 8601 date: ${shown(value)}`)
}

const shown = (value: Schema.Json): string => {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
