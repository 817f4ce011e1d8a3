/** A database with a million ready, a million scheduled and 30 days of finished jobs. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as Partitions from "../../src/internal/partitions.ts"
import * as prune from "../../src/statements/prune.ts"

/** How many ready and scheduled jobs there are; `MILLRACE_PLAN_ROWS` says otherwise. */
export const rows = Number(process.env["MILLRACE_PLAN_ROWS"] ?? 200_000)

/** Finished jobs a day, for 30 days. */
const finishedADay = 4000
const days = 30

const s = "\"millrace\""

/** Columns that all jobs have, of a series `i`: half of them a whale's, few of a rare name, queue and tag, the oldest. */
const jobColumns = (id: string, runAt = "now()") =>
  `${id}, now() - interval '90 days' + (${id}) * interval '1 second', ${runAt}, null, 1, 0, 0, 0, 3, 50, false,
  case when i <= 5 then 'rare' else 'default' end,
  case when i % 2 = 0 then 'whale' when i <= 5 then 'once' else 't' || lpad((i % 1000)::text, 4, '0') end,
  case when i <= 5 then 'Rare' else 'SendMail' end, null,
  case when i <= 5 then array['rare'] end, null, jsonb_build_object('n', i)`

const jobList =
  `id, created_at, run_at, timeout_ms, version, token, failures, crashes, max_attempts, priority, has_report,
  queue, tenant, name, unique_key, tags, retry, payload`

const ready = `insert into ${s}.ready (seq, ${jobList})
select i, ${jobColumns("i")} from generate_series(1, ${rows}) i`

/** 1,500 are due, 1,000 of the oldest are retryable. */
const scheduled = `insert into ${s}.scheduled (${jobList}, retryable)
select ${jobColumns(`i + ${rows}`, "now() + (i - 1500) * interval '1 minute'")}, i <= 1000
from generate_series(1, ${rows}) i`

const finishedDay = (day: number) => {
  const first = 2 * rows + day * finishedADay
  return [
    `insert into ${s}.finished (state, ${jobList}, claimed_at, finished_at, attempt, worker_id)
select case when i % 1000 = 0 then 'cancelled' else 'completed' end, ${
      jobColumns(`i + ${first}`).replaceAll("i <= 5", `i <= 5 and ${day} = 0`)
    },
  now() - ${days - day} * interval '1 day', now() - ${days - day} * interval '1 day' + interval '1 minute', 1, 'w1'
from generate_series(1, ${finishedADay}) i`,
    `insert into ${s}.attempt (job_id, claimed_at, finished_at, token, attempt, worker_id, outcome)
select i + ${first}, now() - ${days - day} * interval '1 day', now() - ${
      days - day
    } * interval '1 day', 0, 1, 'w1', 'failed'
from generate_series(1, ${finishedADay}, 5) i`
  ]
}

const dead = `insert into ${s}.dead (outcome, ${jobList}, claimed_at, finished_at, attempt, worker_id)
select 'failed', ${jobColumns(`i + ${3 * rows}`)}, now(), now(), 3, 'w1' from generate_series(1, 1000) i`

/** 20 workers with 5 leases of 100 jobs. */
const workers = [
  `insert into ${s}.worker (id, started_at, renewed_at, expires_at, info)
select 'w' || i, now(), now(), now() + interval '1 hour', '{"queues": ["default"], "names": ["SendMail"]}'
from generate_series(1, 20) i`,
  `insert into ${s}.lease (id, claimed_at, size, remaining, alone, worker_id, queue, claim_key, ids, jobs)
select ${4 * rows} + l, now(), 100, 100, false, 'w' || (l % 20 + 1), 'default', 'k', array_agg(j.id order by j.id),
  array_agg(row(${
    jobList.split(", ").map((column) => `j.${column.trim()}`).join(", ")
  }, null, null, null, null, null)::${s}.job_row
    order by j.id)
from generate_series(1, 100) l cross join lateral (
  select ${jobColumns(`i + ${5 * rows} + l * 100`)} from generate_series(1, 100) i
) j(${jobList}) group by l`
]

/** Partitions of the past, beside those that the migration made for the coming days. */
const partitions = () => {
  const today = Partitions.comingDays(Date.now())[0] ?? 0
  return ["finished", "attempt"].flatMap((table) =>
    Array.from({ length: days + 1 }, (_, index) => today - 1 - index).map((day) =>
      prune.createPartition(s, table, Partitions.nameOf(table, day), Partitions.bounds(day)).filter((text) =>
        !text.startsWith("set")
      )
    )
  ).flat()
}

/** Runs a fill with the indexes of a table away: building them afterwards takes a third of the time. */
const withoutIndexes = Effect.fnUntraced(function*(table: string, texts: ReadonlyArray<string>) {
  const sql = yield* PgClient.PgClient
  const indexes = yield* sql<{ name: string; text: string }>`
    select indexname as name, indexdef as text from pg_indexes
    where schemaname = 'millrace' and tablename = ${table} and indexname <> ${`${table}_pkey`}`
  for (const { name } of indexes) yield* sql.unsafe(`drop index ${s}."${name}"`)
  for (const text of texts) yield* sql.unsafe(text)
  for (const { text } of indexes) yield* sql.unsafe(text)
})

/** Fills a migrated database. */
export const fill = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* Effect.forEach(partitions(), (text) => sql.unsafe(text), { discard: true })
  yield* withoutIndexes("ready", [ready])
  yield* withoutIndexes("scheduled", [scheduled])
  for (let day = 0; day < days; day++) yield* Effect.forEach(finishedDay(day), (text) => sql.unsafe(text))
  yield* Effect.forEach([dead, ...workers], (text) => sql.unsafe(text), { discard: true })
  yield* sql.unsafe(`select setval('${s}.job_seq', ${6 * rows})`)
  yield* sql.unsafe("analyze")
})
