/**
 * A session that looks at the plan of every statement before it runs it: with the values it was given, and as the
 * generic plan that a prepared statement ends up with.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as Session from "../../src/internal/session.ts"

/** The part of a node of EXPLAIN's JSON that is looked at. */
interface PlanNode {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Actual Rows"?: number
  readonly "Actual Loops"?: number
  readonly "Rows Removed by Filter"?: number
  readonly "Rows Removed by Index Recheck"?: number
  readonly "Shared Hit Blocks"?: number
  readonly "Shared Read Blocks"?: number
  readonly Plans?: ReadonlyArray<PlanNode>
}

/** What one execution of a statement read. */
export interface Reading {
  readonly operation: string
  readonly mode: "custom" | "generic"
  /** Rows that scans read, those that a filter threw away included. */
  readonly rows: number
  /** Pages that were touched. */
  readonly pages: number
  /** Rows of tables that were scanned from end to end. */
  readonly scanned: ReadonlyMap<string, number>
  readonly text: string
}

const nodesOf = (node: PlanNode): ReadonlyArray<PlanNode> => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

const rowsRead = (node: PlanNode): number =>
  (node["Actual Loops"] ?? 0)
  * ((node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0))

/** Sums what a plan read. */
const readingOf = (operation: string, mode: Reading["mode"], text: string, root: PlanNode): Reading => {
  const scans = nodesOf(root).filter((node) =>
    node["Relation Name"] !== undefined && node["Node Type"].includes("Scan")
  )
  const scanned = new Map<string, number>()
  for (const scan of scans.filter((scan) => scan["Node Type"] === "Seq Scan")) {
    const table = scan["Relation Name"] ?? ""
    scanned.set(table, (scanned.get(table) ?? 0) + rowsRead(scan))
  }
  return {
    operation,
    mode,
    text,
    scanned,
    rows: Math.round(scans.reduce((sum, scan) => sum + rowsRead(scan), 0)),
    pages: (root["Shared Hit Blocks"] ?? 0) + (root["Shared Read Blocks"] ?? 0)
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The type that the client infers for a value; texts are left to the server. */
const typeOf = (value: unknown): string => {
  if (typeof value === "number") return Number.isInteger(value) ? "int4" : "float8"
  if (typeof value === "bigint") return "int8"
  if (typeof value === "boolean") return "bool"
  if (value instanceof Date) return "timestamptz"
  if (Array.isArray(value) && value.length > 0) {
    return typeof value[0] === "string" ? "text[]" : `${typeOf(value[0])}[]`
  }
  return "unknown"
}

const literalOf = (value: unknown): string => {
  if (value === null || value === undefined) return "null"
  if (value instanceof Date) return quote(value.toISOString())
  if (Array.isArray(value)) {
    return value.length === 0 ? "'{}'" : `array[${value.map(literalOf).join(", ")}]::${typeOf(value)}`
  }
  return typeof value === "string" ? quote(value) : `${value as number | bigint | boolean}`
}

const undone = Symbol("undone")

const explain = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  mode: Reading["mode"],
  operation: string,
  text: string,
  params: ReadonlyArray<unknown>
) {
  const values = params.length === 0 ? "" : `(${params.map(literalOf).join(", ")})`
  const types = params.length === 0 ? "" : `(${params.map(typeOf).join(", ")})`
  const readings: Array<Reading> = []
  const look = Effect.gen(function*() {
    yield* sql.unsafe(`set local plan_cache_mode = force_${mode}_plan`)
    yield* sql.unsafe(`prepare probe ${types} as ${text}`)
    const [row] = yield* sql.unsafe<Record<string, unknown>>(
      `explain (analyze, buffers, timing off, format json) execute probe ${values}`
    ).pipe(Effect.ensuring(Effect.ignore(sql.unsafe("deallocate probe"))))
    const plans = row?.["QUERY PLAN"] as ReadonlyArray<{ readonly Plan: PlanNode }> | undefined
    readings.push(...(plans ?? []).map(({ Plan }) => readingOf(operation, mode, text, Plan)))
    return yield* Effect.fail(undone)
  })
  yield* sql.withTransaction(look).pipe(Effect.catchIf((error) => error === undone, () => Effect.void))
  return readings
})

/** Makes a session that collects readings, and `quiet`, one that does not. */
export const make = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const quiet = yield* Session.make(sql)
  const readings: Array<Reading> = []
  const rows: Session.Session["rows"] = (operation, text, params) =>
    Effect.gen(function*() {
      for (const mode of ["custom", "generic"] as const) {
        readings.push(...(yield* Effect.orDie(explain(sql, mode, operation, text, params))))
      }
      return yield* quiet.rows(operation, text, params)
    })
  return { quiet, readings, session: { ...quiet, rows } }
})
