/**
 * Stores what running handlers report, fenced by the lease like a settle.
 *
 * Plan: primary key look-ups of the leases; low volume by design (a handler's reports are throttled).
 * A start stands alone, so that its lease is found by one probe.
 * Parameters: $1 clock, $2 worker, $3 jsonb array of reports. Rows: ord of every report that took effect.
 */
import { now } from "./fragments.ts"

export const report = (s: string): string =>
  `with input as materialized (
  select i.* from rows from (jsonb_to_recordset($3::jsonb) as (
    id bigint, token int, lease_id bigint, place int, progress float8, note text, level text, message text,
    checkpoint jsonb, has_checkpoint boolean, started boolean
  )) with ordinality as i(id, token, lease_id, place, progress, note, level, message, checkpoint, has_checkpoint, started,
    ord)
), held as materialized (
  select l.id, l.jobs, l.done from ${s}.lease l
  where l.id in (select i.lease_id from input i) and l.worker_id = $2
  order by l.id for share
), hit as materialized (
  select i.* from input i join held h on h.id = i.lease_id
  where (h.jobs[i.place]).id = i.id and (h.jobs[i.place]).token = i.token and not coalesce(h.done[i.place], false)
), merged as (
  select h.id, max(h.token) as token,
    (array_agg(h.progress order by h.ord desc) filter (where h.progress is not null))[1] as progress,
    (array_agg(h.note order by h.ord desc) filter (where h.note is not null))[1] as note,
    (array_agg(coalesce(h.checkpoint, 'null'::jsonb) order by h.ord desc) filter (where h.has_checkpoint))[1] as checkpoint
  from hit h where not coalesce(h.started, false) group by h.id
), kept as (
  insert into ${s}.job_report as r (job_id, token, progress, note, checkpoint)
  select m.id, m.token, m.progress, m.note, m.checkpoint from merged m order by m.id
  on conflict (job_id) do update set token = excluded.token, progress = coalesce(excluded.progress, r.progress),
    note = coalesce(excluded.note, r.note), checkpoint = coalesce(excluded.checkpoint, r.checkpoint)
), begun as (
  update ${s}.lease l set has_started = true
  where l.id = (select h.lease_id from hit h where h.started limit 1) and l.alone
), logged as (
  insert into ${s}.job_log (job_id, at, token, level, message)
  select h.id, ${now}, h.token, h.level, h.message from hit h where h.message is not null order by h.ord
)
select h.ord::int as ord from hit h`
