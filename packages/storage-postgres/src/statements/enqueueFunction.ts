/**
 * `enqueue` as a function of the database: for triggers and for programs in other languages.
 *
 * It checks what the library checks, except the schema of the payload, which only the worker knows. It runs with the
 * rights of its owner, so that a caller needs nothing but the right to execute it.
 */

/** The jobs of the library: attempts of the default retry policy; lengths and depths of `Defaults.ts`. */
const limits = { attempts: 25, name: 255, tags: 32, depth: 100, bytes: 1_048_576, years: 100 }

/** The arguments of `enqueue`, as its declaration and its grants name them. */
const types = "text, jsonb, text, text, integer, interval, timestamptz, text, integer, interval, text[], integer"

/** Length in UTF-16 units, as the library counts; characters beyond the basic plane count twice. */
const label = (s: string) =>
  `create function ${s}.enqueue_label(field text, value text) returns text
  language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
  declare
    size int := char_length(value)
      + char_length(regexp_replace(value, '[^\\U00010000-\\U0010ffff]', '', 'g'));
  begin
    if value is null or size = 0 then
      raise exception '%: expected at least one character', field using errcode = '22023';
    end if;
    if size > ${limits.name} then
      raise exception '%: longer than ${limits.name} characters', field using errcode = '22023';
    end if;
    if value ~ '[\\u0001-\\u001f\\u007f-\\u009f]' then
      raise exception '%: holds a control character', field using errcode = '22023';
    end if;
    return value;
  end $$`

/** Takes the innermost brackets away, level by level: what is left after the last level is too deep. */
const guard = (s: string) =>
  `create function ${s}.enqueue_payload(value jsonb) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
  declare
    rest text;
    level int := 0;
  begin
    if value is null then
      raise exception 'payload: expected JSON, found SQL null' using errcode = '22023',
        hint = 'Pass ''{}''::jsonb, or ''null''::jsonb for a payload that is null';
    end if;
    if octet_length(value::text) > ${limits.bytes} then
      raise exception 'payload: larger than 1 MiB' using errcode = '22023',
        hint = 'Put large data into a table or a file store and its name into the payload';
    end if;
    rest := regexp_replace(regexp_replace(value::text, '"(\\\\.|[^"\\\\])*"', '', 'g'), '[^][{}]', '', 'g');
    while rest <> '' loop
      level := level + 1;
      if level > ${limits.depth} then
        raise exception 'payload: nested deeper than ${limits.depth} levels' using errcode = '22023';
      end if;
      rest := regexp_replace(rest, '\\[\\]|\\{\\}', '', 'g');
      -- Two neighbours that were emptied together leave their container empty for the next round.
    end loop;
    return value;
  end $$`

const numbers = `
    if priority is null or priority not between 0 and 100 then
      raise exception 'priority: expected a whole number from 0 to 100' using errcode = '22023';
    end if;
    if max_attempts is null or max_attempts < 1 then
      raise exception 'max_attempts: expected 1 or more' using errcode = '22023';
    end if;
    if version is null or version < 1 then
      raise exception 'version: expected 1 or more' using errcode = '22023';
    end if;
    if delay is not null and run_at is not null then
      raise exception 'run_at: run_at and delay exclude each other' using errcode = '22023';
    end if;
    if delay < interval '0' or delay > interval '${limits.years} years' then
      raise exception 'delay: expected an interval from 0 to ${limits.years} years' using errcode = '22023';
    end if;
    if run_at < timestamptz '1970-01-01 00:00:00Z' or run_at >= timestamptz '10000-01-01 00:00:00Z' then
      raise exception 'run_at: expected an instant from 1970 to 9999' using errcode = '22023';
    end if;
    if timeout <= interval '0' or timeout > interval '${limits.years} years' then
      raise exception 'timeout: expected an interval of more than 0, up to ${limits.years} years' using errcode = '22023';
    end if;
    if cardinality(tags) > ${limits.tags} then
      raise exception 'tags: expected at most ${limits.tags} tags' using errcode = '22023';
    end if;`

/** Takes the key, or answers who holds it. The holder may end between two looks. */
const takeKey = (s: string) => `
      -- A key may be held for a period beyond the end of its job: that one is over.
      delete from ${s}.unique_key u where u.key = scoped and not u.live and u.until <= statement_timestamp();
      loop
        insert into ${s}.unique_key as u (key, job_id) values (scoped, job.id) on conflict do nothing;
        exit when found;
        select u.job_id into holder from ${s}.unique_key u where u.key = scoped;
        if found then return holder; end if;
      end loop;`

const body = (s: string, channel: string) => `
  declare
    job record;
    holder bigint;
    due boolean;
    starts timestamptz;
    lifetime bigint;
    scoped text;
    tag text;
  begin
    perform ${s}.enqueue_label('name', name), ${s}.enqueue_label('queue', queue), ${s}.enqueue_payload(payload);
    if coalesce(tenant, '') <> '' then perform ${s}.enqueue_label('tenant', tenant); end if;
    ${numbers}
    foreach tag in array coalesce(tags, '{}') loop perform ${s}.enqueue_label('tags', tag); end loop;
    starts := greatest(coalesce(run_at, statement_timestamp() + coalesce(delay, interval '0')), statement_timestamp());
    due := starts <= statement_timestamp();
    lifetime := ceil(extract(epoch from timeout) * 1000)::bigint;
    select nextval('${s}.job_seq') as id into job;
    if unique_key is not null then
      scoped := replace(replace(name, '%', '%25'), ':', '%3A') || ':'
        || replace(replace(coalesce(tenant, ''), '%', '%25'), ':', '%3A') || ':'
        || ${s}.enqueue_label('unique_key', unique_key);
      ${takeKey(s)}
    end if;
    if due then
      insert into ${s}.ready (seq, id, created_at, run_at, timeout_ms, version, token, failures, crashes, max_attempts,
        priority, has_report, queue, tenant, name, unique_key, tags, payload)
      values (job.id, job.id, statement_timestamp(), starts, lifetime, version, 0, 0, 0, max_attempts,
        priority, false, queue, coalesce(tenant, ''), name, scoped, nullif(tags, '{}'), payload);
    else
      insert into ${s}.scheduled (id, created_at, run_at, timeout_ms, version, token, failures, crashes, max_attempts,
        priority, has_report, queue, tenant, name, unique_key, tags, payload, retryable)
      values (job.id, statement_timestamp(), starts, lifetime, version, 0, 0, 0, max_attempts,
        priority, false, queue, coalesce(tenant, ''), name, scoped, nullif(tags, '{}'), payload, false);
    end if;
    insert into ${s}.count_delta (queue, state, delta)
    values (queue, case when due then 'available' else 'scheduled' end, 1);
    perform pg_notify('${channel}', case when due then 'a' || queue else 's' end);
    return job.id;
  end `

/** The declarations, each a statement of its own. `s` is the quoted schema. */
export const create = (s: string): ReadonlyArray<string> => [
  label(s),
  guard(s),
  `create function ${s}.enqueue(
    name text,
    payload jsonb default '{}'::jsonb,
    queue text default 'default',
    tenant text default null,
    priority integer default 50,
    delay interval default null,
    run_at timestamptz default null,
    unique_key text default null,
    max_attempts integer default ${limits.attempts},
    timeout interval default null,
    tags text[] default '{}',
    version integer default 1
  ) returns bigint language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
  #variable_conflict use_variable
  ${body(s, `millrace:${s.slice(1, -1)}`)}$$`,
  `revoke all on function ${s}.enqueue(${types}) from public`,
  `revoke all on function ${s}.enqueue_label(text, text) from public`,
  `revoke all on function ${s}.enqueue_payload(jsonb) from public`
]

/** Takes them back. */
export const drop = (s: string): ReadonlyArray<string> => [
  `drop function ${s}.enqueue(${types})`,
  `drop function ${s}.enqueue_payload(jsonb)`,
  `drop function ${s}.enqueue_label(text, text)`
]
