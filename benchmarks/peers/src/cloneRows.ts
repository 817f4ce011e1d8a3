/**
 * Fills a table with copies of one row that the peer itself has written.
 *
 * A backlog of millions is not enqueued job by job: one job goes through the
 * peer's own API, and its row is multiplied inside the server. What lies in the
 * table is therefore exactly what the peer would have stored.
 */
import type { Pool } from "pg"

/** Rows of one INSERT: small enough to show progress, large enough to be quick. */
const rowsPerStatement = 200_000

/** What to multiply. */
export interface CloneOptions {
  /** Table with its schema. */
  readonly table: string
  /** Condition that picks exactly one row, with the alias `t`. */
  readonly where: string
  readonly count: number
  /** SQL expressions for columns that must differ; `g` runs from 1 to count. */
  readonly set: Readonly<Record<string, string>>
}

/** Inserts `count` copies of the row; columns that the server generates are left to it. */
export const cloneRows = async (pool: Pool, options: CloneOptions): Promise<void> => {
  const columns = await pool.query<{ name: string; generated: boolean }>(
    `select attname as name, attgenerated <> '' or attidentity <> '' as generated
     from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [options.table]
  )
  const written = columns.rows.filter((column) => !column.generated).map((column) => column.name)
  const names = written.map((name) => `"${name}"`).join(", ")
  const values = written.map((name) => options.set[name] ?? `t."${name}"`).join(", ")
  for (let first = 1; first <= options.count; first += rowsPerStatement) {
    const last = Math.min(first + rowsPerStatement - 1, options.count)
    await pool.query(
      `insert into ${options.table} (${names})
       select ${values} from (select * from ${options.table} t where ${options.where} limit 1) t,
       generate_series(${first}, ${last}) g`
    )
  }
  await pool.query(`analyze ${options.table}`)
}

/** One day from now, as SQL. */
export const tomorrow = "now() + interval '1 day'"

/** One day from now. */
export const tomorrowDate = (): Date => new Date(Date.now() + 86_400_000)
