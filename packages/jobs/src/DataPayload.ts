/**
 * What a `data-processing` job carries, and what it answers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { delimiters } from "./internal/csvRecord.ts"

const columnName = Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(200))

/**
 * The types that a column may have.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export const columnTypes = ["string", "number", "integer", "boolean", "date"] as const

const ColumnType = Schema.Literals(columnTypes)

/**
 * Schema of the rule of a column: its type, or the type with more conditions.
 *
 * **Details**
 *
 * `required` (default false): an empty cell breaks the row. `min` and `max`: bounds of a number or an integer,
 * inclusive; of a string, its number of characters.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ColumnRule = Schema.Union([
  ColumnType,
  Schema.Struct({
    type: ColumnType,
    required: Schema.optionalKey(Schema.Boolean),
    min: Schema.optionalKey(Schema.Finite),
    max: Schema.optionalKey(Schema.Finite)
  })
])

/**
 * Schema of rules by column name.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const ColumnRules = Schema.Record(columnName, ColumnRule)

/**
 * Rules by column name.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ColumnRules = typeof ColumnRules.Type

/**
 * Schema of what is done to each good row, in this order: `trim` (all text), `uppercase`, `lowercase` (named
 * columns), `scale` (multiply a number column), `select` (keep these columns, in this order), `rename` (old to new name).
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const RowTransform = Schema.Struct({
  trim: Schema.optionalKey(Schema.Boolean),
  uppercase: Schema.optionalKey(Schema.Array(columnName)),
  lowercase: Schema.optionalKey(Schema.Array(columnName)),
  scale: Schema.optionalKey(Schema.Record(columnName, Schema.Finite)),
  select: Schema.optionalKey(Schema.Array(columnName).check(Schema.isNonEmpty())),
  rename: Schema.optionalKey(Schema.Record(columnName, columnName))
})

/**
 * What is done to each good row.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type RowTransform = typeof RowTransform.Type

const payloadFields = Schema.Struct({
  batchId: Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(200)),
  operation: Schema.Literals(["import", "transform", "export"]),
  source: Schema.optionalKey(Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(1000))),
  data: Schema.optionalKey(Schema.Union([Schema.Array(Schema.Json), Schema.String])),
  format: Schema.optionalKey(Schema.Literals(["csv", "jsonl"])),
  delimiter: Schema.optionalKey(Schema.Literals(delimiters)),
  columns: Schema.optionalKey(ColumnRules),
  transform: Schema.optionalKey(RowTransform)
})

const isOneSource = Schema.makeFilter<typeof payloadFields.Type>((payload) => {
  if ((payload.source === undefined) !== (payload.data === undefined)) {
    return true
  }
  return payload.source === undefined
    ? { path: ["source"], issue: "either source (a file) or data (inline) must be given" }
    : { path: ["data"], issue: "source and data exclude each other" }
})

/**
 * Schema of the payload of a `data-processing` job.
 *
 * **Details**
 *
 * - `batchId`: the caller's name for the batch; part of the output's file name
 * - `operation`: `import` (check, normalise, write JSON lines), `transform` (change rows, write JSON lines),
 *   `export` (write CSV)
 * - `source`: a CSV (`.csv`, `.tsv`, `.txt`) or JSON-lines file (`.jsonl`, `.ndjson`) inside an input directory; or
 *   `data`: inline, an array of JSON objects, or CSV or JSON-lines text
 * - `format`: overrules the file's ending; for inline text it defaults to `csv`
 * - `delimiter`: of a CSV source; by default the one that the header uses
 * - `columns`: rules of columns. Without them, a product list (`store`, `sku`, `name`, `price`, `quantity`)
 *   that is imported is checked as such
 * - `transform`: changes of each row
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const DataPayload = payloadFields.check(isOneSource)

/**
 * The payload of a `data-processing` job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type DataPayload = typeof DataPayload.Type

/**
 * Schema of a broken row in the result: where it is, the (first) faulty column, and why.
 *
 * **Details**
 *
 * `row` counts the data rows from 1, without the header; `line` is its line in the file, null for an inline array.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const RowError = Schema.Struct({
  row: Schema.Int,
  line: Schema.NullOr(Schema.Int),
  column: Schema.NullOr(Schema.String),
  reason: Schema.String
})

/**
 * The number of broken rows that a result lists; all of them are in the errors file.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export const maxListedErrors = 100

/**
 * Schema of the result of a `data-processing` job.
 *
 * **Details**
 *
 * - `outputFile`: absolute path of the good rows
 * - `errorsFile`: absolute path of the broken rows with their raw text, as JSON lines; null when there are none
 * - `counts`: `read` = `written` + `failed`
 * - `errors`: the first 100 broken rows
 * - `stores`: good rows by store, for an import of products
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const DataResult = Schema.Struct({
  outputFile: Schema.String,
  errorsFile: Schema.NullOr(Schema.String),
  counts: Schema.Struct({ read: Schema.Int, written: Schema.Int, failed: Schema.Int }),
  errors: Schema.Array(RowError),
  stores: Schema.optionalKey(Schema.Record(Schema.String, Schema.Int))
})

/**
 * The result of a `data-processing` job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type DataResult = typeof DataResult.Type
