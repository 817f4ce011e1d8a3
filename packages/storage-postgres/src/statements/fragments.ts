/** Pieces that several statements share. */

/** The storage's clock: the parameter when a test gives one, else the server's. */
export const nowAt = (parameter: number): string => `coalesce($${parameter}::timestamptz, statement_timestamp())`

/** The storage's clock where it is the first parameter. */
export const now = nowAt(1)

/** The columns of a job, in the order of the type `job_row`. */
const jobColumns = [
  "id",
  "created_at",
  "run_at",
  "timeout_ms",
  "version",
  "token",
  "failures",
  "crashes",
  "max_attempts",
  "priority",
  "has_report",
  "queue",
  "tenant",
  "name",
  "unique_key",
  "tags",
  "retry",
  "payload",
  "expires_at",
  "limits",
  "weights",
  "gate",
  "key_until_start"
] as const

type JobColumn = typeof jobColumns[number]

/** The columns of a job as a list, each from the row `alias`, some replaced by expressions. */
export const jobValues = (alias: string, replace: Partial<Record<JobColumn, string>> = {}): string =>
  jobColumns.map((column) => replace[column] ?? `${alias}.${column}`).join(", ")

/**
 * Frees the unique keys of the jobs in the rows `gone` for which `ended` holds; a key that is held for a period besides
 * stays until its end.
 */
export const freedKeys = (s: string, gone: string, ended: string): string =>
  `freed as (
  delete from ${s}.unique_key u using ${gone} v
  where ${ended} and u.key = v.unique_key and u.job_id = v.id and u.until is null
), freed_later as (
  update ${s}.unique_key u set live = false from ${gone} v
  where ${ended} and u.key = v.unique_key and u.job_id = v.id and u.until is not null
)`

/** The columns of a job as a list for `insert into`. */
export const jobList: string = jobColumns.join(", ")

/** `insert into count_delta` from rows of (queue, state, n); rows with n = 0 are left out. */
export const countInto = (s: string, rows: string): string =>
  `insert into ${s}.count_delta (queue, state, delta) select c.queue, c.state, c.n from (${rows}) c where c.n <> 0`

/** The jobs of a lease row with what became of them: one row `j` for each, in the order of the claim. */
export const lentJobs = (lease: string): string =>
  `rows from (unnest(${lease}.jobs), unnest(${lease}.done), unnest(${lease}.asked)) with ordinality
    as j(${jobColumns.join(", ")}, was_done, cancel_reason, place)`
