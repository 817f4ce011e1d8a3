/** The statements of API keys and the audit. Plans: primary keys, and the index of the audit that fits the filter. */

const keyColumns = `k.id, k.name, k.hash, k.previous_hash, k.previous_until, k.scopes, k.queues, k.tenant, k.created_at,
  k.expires_at, k.revoked_at, k.last_used_at`

/** $1 id, $2 name, $3 hash, $4 scopes, $5 queues, $6 tenant, $7 milliseconds until it expires. No row: the id is taken. */
export const createKey = (s: string): string =>
  `insert into ${s}.api_key as k (id, name, hash, scopes, queues, tenant, expires_at)
  values ($1::text, $2::text, $3::text, $4::text[], $5::text[], $6::text,
    now() + make_interval(secs => $7::text::float8 / 1000))
  on conflict (id) do nothing returning ${keyColumns}`

/** $1 id. */
export const findKey = (s: string): string => `select ${keyColumns} from ${s}.api_key k where k.id = $1::text`

/** Newest first; at most 1,000. */
export const listKeys = (s: string): string =>
  `select ${keyColumns} from ${s}.api_key k order by k.created_at desc, k.id limit 1000`

/** $1 id, $2 hash, $3 milliseconds that the hash before stays good. */
export const rotateKey = (s: string): string =>
  `update ${s}.api_key as k set hash = $2::text, previous_hash = k.hash,
    previous_until = now() + make_interval(secs => $3::text::float8 / 1000)
  where k.id = $1::text and k.revoked_at is null returning ${keyColumns}`

/** $1 id. */
export const revokeKey = (s: string): string =>
  `update ${s}.api_key as k set revoked_at = now() where k.id = $1::text and k.revoked_at is null returning ${keyColumns}`

/** $1 ids. */
export const touchKeys = (s: string): string =>
  `update ${s}.api_key as k set last_used_at = now() where k.id = any($1::text[])`

/** Whether there ever was a key. */
export const anyKey = (s: string): string => `select exists (select from ${s}.api_key) as found`

/** $1 jsonb array of lines. */
export const appendAudit = (s: string): string =>
  `insert into ${s}.audit (actor, action, address, targets, detail)
  select l.actor, l.action, l.address, l.targets, l.detail
  from jsonb_to_recordset($1::jsonb) as l(actor text, action text, address text, targets text[], detail jsonb)`

/** $1 limit, $2 before, $3 actor, $4 action, $5 target. Null filters let everything pass. */
export const listAudit = (s: string): string =>
  `select a.id, a.at, a.actor, a.action, a.address, a.targets, a.detail from ${s}.audit a
  where ($2::text is null or a.id < $2::text::bigint) and ($3::text is null or a.actor = $3::text)
    and ($4::text is null or a.action = $4::text) and ($5::text is null or a.targets @> array[$5::text])
  order by a.id desc limit $1::int`

/** $1 age in milliseconds. At most 10,000 lines: a short statement, of which there may be many. Plan: `audit_at`. */
export const pruneAudit = (s: string): string =>
  `with gone as (
    delete from ${s}.audit a where a.ctid = any(array(
      select o.ctid from ${s}.audit o where o.at < now() - make_interval(secs => $1::text::float8 / 1000) limit 10000
    )) returning 1
  ) select count(*)::int as count from gone`
