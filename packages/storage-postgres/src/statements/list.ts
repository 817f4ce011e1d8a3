/**
 * Reading pages of jobs, newest first, wherever in their life they are.
 *
 * Every place is read on its own, newest first and no further than a page, and the places are merged. Only the filters
 * that are given become conditions, so that each combination has a plan of its own.
 *
 * Plan: per place (and per day of the history) a backward scan of an index that ends with the id: the id's own,
 * `finished_name`, `finished_tenant`, `finished_cancelled` or `scheduled_retryable`. What no index answers is bounded by
 * `floor`. Running jobs are read out of their leases, of which there are few; those to open are found by their short
 * arrays of ids where that is possible.
 */
import { lentJobs } from "./fragments.ts"

/** Where jobs are. */
export type Place = "pending" | "ready" | "suspect" | "scheduled" | "lease" | "finished" | "dead"

/**
 * A place with the conditions on its jobs `j`, and how they are read newest first. `newest` is there for leases of which
 * only the newest jobs are wanted: the conditions on their ids `i`, which tell the leases to open.
 */
export interface Part {
  readonly place: Place
  readonly where: ReadonlyArray<string>
  readonly order: "j.id desc" | "-j.id"
  readonly newest?: ReadonlyArray<string> | undefined
}

/** One page. `rowsMax` is the most that any place gives; rows: the columns of a record. */
export const page = (s: string, parts: ReadonlyArray<Part>, rowsMax: number, limit: string): string =>
  `select r.* from (
${parts.map((part) => `(${rowsOf(s, part, rowsMax)}\norder by ${part.order} limit ${rowsMax})`).join("\nunion all\n")}
) r order by r.id desc limit ${limit}`

/**
 * How far down `size` rows of each place reach: the lowest id down to which every one of these places is read with that
 * much work. Row: floor (null: all places end before), is_over (all that is below was created an hour or more before
 * `createdAfter`).
 */
export const floor = (s: string, parts: ReadonlyArray<Part>, size: number, createdAfter: string | null): string =>
  `select max(f.id) as floor,
  ${createdAfter === null ? "false" : `bool_and(f.created_at < ${createdAfter} - interval '1 hour')`} as is_over
from (
${
    parts.map(({ order, place, where }) =>
      `(select j.id, j.created_at from ${s}.${place} j${whereOf(where)} order by ${order} offset ${size - 1} limit 1)`
    ).join("\nunion all\n")
  }
) f`

/**
 * An id above which no job was created before an instant. Ids and instants of creation come from the same statement, so
 * that they rise together; an hour's tolerance covers statements that overlap and clocks that are set.
 *
 * Plan: bisects the ids, a probe of each id index a step. Parameters: $1 instant. Row: id.
 */
export const idAfter = (s: string): string => {
  const first = (table: string) =>
    `(select j.id, j.created_at from ${s}.${table} j where j.id >= m.middle order by j.id limit 1)`
  return `with recursive probe(low, high) as (
  select 0::bigint, (select q.last_value + 1 from ${s}.job_seq q)
  union all
  select case when x.is_late then p.low else m.middle end, case when x.is_late then m.middle else p.high end
  from probe p cross join lateral (select (p.low + p.high) / 2 as middle) m
  cross join lateral (select not exists (
    select from (select t.created_at from (
      ${["pending", "ready", "scheduled", "finished", "dead"].map(first).join("\n      union all ")}
    ) t order by t.id limit 1) t where t.created_at < $1::timestamptz + interval '1 hour'
  ) as is_late) x
  where p.high - p.low > 1
)
select min(p.high) as id from probe p`
}

const shared = `j.id, j.name, j.version, j.queue, j.tenant, j.priority, j.payload, j.failures, j.crashes,
  j.max_attempts, j.timeout_ms, j.retry, j.unique_key, j.tags, j.token, j.created_at, j.run_at`

const whereOf = (where: ReadonlyArray<string>): string => where.length === 0 ? "" : `\nwhere ${where.join(" and ")}`

const rowsOf = (s: string, { newest, place, where }: Part, rowsMax: number): string => {
  switch (place) {
    case "pending":
      return waiting(s, place, "'pending'") + whereOf(where)
    case "ready":
    case "suspect":
      return waiting(s, place, "'available'") + whereOf(where)
    case "scheduled":
      return waiting(s, place, "case when j.retryable then 'retryable' else 'scheduled' end") + whereOf(where)
    case "lease":
      return running(s) + whereOf([
        "not coalesce(j.was_done, false)",
        ...where,
        ...(newest === undefined ? [] : [`l.id in (${newestLeases(s, newest, rowsMax)})`])
      ])
    case "finished":
      return ended(s, place, "j.state") + whereOf(where)
    case "dead":
      return ended(s, place, "case j.outcome when 'quarantined' then 'quarantined' else 'dead' end") + whereOf(where)
  }
}

const waiting = (s: string, table: string, state: string): string =>
  `select ${shared}, ${state} as state, j.failures + j.crashes as attempt, null::text as worker_id,
  null::timestamptz as started_at, null::timestamptz as finished_at, null::jsonb as result, ${lastError(s)} as error,
  ${ifReported(progress(s))} as progress, ${ifReported(checkpoint(s))} as checkpoint
from ${s}.${table} j`

const running = (s: string): string =>
  `select ${shared}, 'running' as state, j.failures + j.crashes + 1 as attempt, l.worker_id, l.claimed_at as started_at,
  null::timestamptz as finished_at, null::jsonb as result, ${lastError(s)} as error, ${progress(s)} as progress, ${
    checkpoint(s)
  } as checkpoint
from ${s}.lease l cross join lateral ${lentJobs("l")}`

const newestLeases = (s: string, where: ReadonlyArray<string>, rowsMax: number): string =>
  `select x.id from ${s}.lease x
    cross join lateral rows from (unnest(x.ids), unnest(x.done)) as i(id, was_done)
    ${whereOf(["not coalesce(i.was_done, false)", ...where])} order by i.id desc limit ${rowsMax}`

const ended = (s: string, table: string, state: string): string =>
  `select ${shared}, ${state} as state, j.attempt, j.worker_id, j.started_at, j.finished_at, j.result, j.error, j.progress,
  ${ifReported(checkpoint(s))} as checkpoint
from ${s}.${table} j`

const ifReported = (value: string): string => `case when j.has_report then ${value} end`

const lastError = (s: string): string =>
  `case when j.failures + j.crashes > 0 then (select a.error from ${s}.attempt a
    where a.job_id = j.id and a.error is not null order by a.token desc limit 1) end`

const progress = (s: string): string =>
  `(select jsonb_build_object('value', coalesce(r.progress, 0), 'note', r.note) from ${s}.job_report r
    where r.job_id = j.id and (r.progress is not null or r.note is not null))`

/** Wrapped, so that a checkpoint of JSON null differs from none. */
const checkpoint = (s: string): string =>
  `(select jsonb_build_object('value', r.checkpoint) from ${s}.job_report r
    where r.job_id = j.id and r.checkpoint is not null)`
