/** Requests by key. Plans: the primary key; pruning by the index of `expires_at`. */

const row = "r.caller = $1::text and r.endpoint = $2::text and r.key = $3::text"

/**
 * Takes a key. $1 caller, $2 endpoint, $3 key, $4 fingerprint, $5 milliseconds to keep. No row: it is taken. Waits for a
 * transaction that takes it at the same time.
 */
export const take = (s: string): string =>
  `insert into ${s}.idempotency as r (caller, endpoint, key, fingerprint, expires_at)
  values ($1::text, $2::text, $3::text, $4::text, now() + make_interval(secs => $5::text::float8 / 1000))
  on conflict (caller, endpoint, key) do update
    set fingerprint = excluded.fingerprint, expires_at = excluded.expires_at, status = null, body = null
    where r.expires_at <= now()
  returning 1 as taken`

/** $1 caller, $2 endpoint, $3 key. A statement of its own: what the one before waited for is seen by the next one only. */
export const find = (s: string): string => `select r.fingerprint, r.status, r.body from ${s}.idempotency r where ${row}`

/** $1 caller, $2 endpoint, $3 key, $4 status, $5 body. */
export const keep = (s: string): string =>
  `update ${s}.idempotency as r set status = $4::text::smallint, body = $5::text where ${row}`

/** At most 10,000. One row: count. */
export const prune = (s: string): string =>
  `with over as (
    select r.ctid from ${s}.idempotency r where r.expires_at <= now() order by r.expires_at limit 10000
    for update skip locked
  ), gone as (
    delete from ${s}.idempotency r using over o where r.ctid = o.ctid returning 1
  ) select count(*)::int as count from gone`
