/**
 * What the database says at the end of a storm: every job, wherever it is, every attempt, and what is left over.
 *
 * It reads the tables themselves: a million jobs are too many for pages of two hundred.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import { Effect } from "effect"

/** A job. */
export interface StoredJob {
  readonly id: number
  readonly state: string
  readonly token: number
  readonly crashes: number
  readonly kind: string
  /** The token in its result: that of the execution that brought it. */
  readonly resultToken: number | null
  /** Why it is dead. */
  readonly tag: string | null
}

/** An attempt that has ended, but not the last one of a finished job. */
export interface StoredAttempt {
  readonly jobId: number
  readonly token: number
  readonly outcome: string
  readonly workerId: string
}

/** A write of a handler in the transaction of its completion. */
export interface StoredEffect {
  readonly jobId: number
  readonly token: number
}

/** What must be gone when nothing is left to do. */
export interface Leftovers {
  readonly leases: number
  readonly workers: number
  readonly uniqueKeys: number
  readonly prepared: number
  readonly waitingLocks: number
}

/** Everything. */
export interface Stored {
  readonly jobs: ReadonlyArray<StoredJob>
  readonly attempts: ReadonlyArray<StoredAttempt>
  readonly effects: ReadonlyArray<StoredEffect>
  readonly leftovers: Leftovers
}

const page = 20_000

/** All rows of a query that is ordered by its first column and then its second, page by page. */
const pages = Effect.fnUntraced(function*<Row extends { readonly k1: number; readonly k2: number }>(
  query: (after: readonly [number, number], limit: number) => string
) {
  const sql = yield* PgClient
  const all: Array<Row> = []
  let after: readonly [number, number] = [0, -1]
  while (true) {
    const rows = yield* sql.unsafe<Row>(query(after, page))
    for (const row of rows) all.push(row)
    const last = rows.at(-1)
    if (last === undefined || rows.length < page) return all
    after = [last.k1, last.k2]
  }
})

const jobPages = pages<StoredJob & { readonly k1: number; readonly k2: number }>(([after], limit) =>
  `select id::float8 as k1, 0 as k2, id::float8 as id, state, token, crashes, payload ->> 'kind' as kind,
    (result ->> 'token')::int as "resultToken", case when state = 'dead' then error ->> 'tag' end as tag
  from millrace.job where id > ${after} and name = 'crash-work' order by id limit ${limit}`
)

const attemptPages = pages<StoredAttempt & { readonly k1: number; readonly k2: number }>(([job, token], limit) =>
  `select job_id::float8 as k1, token as k2, job_id::float8 as "jobId", token, outcome, worker_id as "workerId"
  from millrace.attempt where (job_id, token) > (${job}, ${token}) order by job_id, token limit ${limit}`
)

const effects = Effect.gen(function*() {
  const sql = yield* PgClient
  return yield* sql.unsafe<StoredEffect>(`select job_id::float8 as "jobId", token from public.crash_effect`)
})

/** Counts what may be left over. */
export const leftovers = Effect.gen(function*() {
  const sql = yield* PgClient
  const [row] = yield* sql.unsafe<Leftovers>(`select
    (select count(*)::int from millrace.lease) as leases,
    (select count(*)::int from millrace.worker) as workers,
    (select count(*)::int from millrace.unique_key) as "uniqueKeys",
    (select count(*)::int from pg_prepared_xacts) as prepared,
    (select count(*)::int from pg_locks where not granted) as "waitingLocks"`)
  return row ?? { leases: -1, workers: -1, uniqueKeys: -1, prepared: -1, waitingLocks: -1 }
})

/** Reads everything. */
export const read = Effect.gen(function*() {
  const stored: Stored = {
    jobs: yield* jobPages,
    attempts: yield* attemptPages,
    effects: yield* effects,
    leftovers: yield* leftovers
  }
  return stored
})
