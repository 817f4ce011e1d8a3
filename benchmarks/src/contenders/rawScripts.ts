/**
 * The statements whose limit is shown beside the project's own figures, one script a scenario.
 *
 * Each is the text that the storage driver really sends, so that the limit and
 * the contender run the same SQL. A scenario without a script has no limit row.
 */
import { PgStatements } from "@millrace/storage-postgres"
import type { RawScript } from "../RawSql.ts"

/** As many jobs as a worker claims ahead. */
const batch = 500

/** Puts what stands for the parameters into a text: literals, variables or expressions. */
const filled = (text: string, values: ReadonlyArray<string>): string =>
  text.replace(/\$(\d+)/g, (_, n: string) => values[Number(n) - 1] ?? "null")

/** Of this session and no other. */
const key = "('raw ' || pg_backend_pid())"

/** `level` and `start` are where the claim before ended: a worker remembers that too. */
const claimValues = (level: string, start: string): ReadonlyArray<string> => [
  "null",
  "'raw'",
  "'default'",
  "'{bench}'",
  `${batch}`,
  "20",
  level,
  "''",
  "0",
  "26",
  start,
  key,
  "'{1}'",
  "'{1}'",
  "0",
  "-1",
  "false",
  "true"
]

/** A lease of `size` jobs whose ids are in `ids`, all of them completed two milliseconds after the claim. */
const settleValues = (lease: string, size: string, ids: string): ReadonlyArray<string> => [
  "'raw'",
  `array[${lease}]::text[]`,
  "'{0}'",
  `array[${size}]::int[]`,
  ids,
  `array_fill(1, array[${size}]::int[])`,
  `array_fill(1, array[${size}]::int[])`,
  `array_fill(2, array[${size}]::int[])`,
  `array_fill(''::text, array[${size}]::int[])`,
  size
]

/** What a client reads from the answer of the claim; one row even where nothing was left. */
const lent = `select coalesce(max(l.id), 0)::text as lease, coalesce(max(l.size), 0) as size,
    coalesce(max(l.ids::text), '{}') as ids, coalesce(max(i.newest), 0) + 1 as next, 50 as lvl
  from millrace.lease l cross join lateral (select max(id) as newest from unnest(l.ids) id) i
  where l.worker_id = 'raw' and l.claim_key = ${key}`

const worker = `insert into millrace.worker (id, started_at, renewed_at, expires_at, info)
  values ('raw', now(), now(), now() + interval '1 hour', '{}') on conflict do nothing`

/** Draining: claim and settle, the two statements of a worker that is busy. */
const drain: RawScript = {
  scenario: "drain-1",
  prefilled: true,
  batch,
  clients: 2,
  prepare: worker,
  variables: { next: 0, lvl: -1 },
  pgbench: [
    `${filled(PgStatements.claim(), claimValues(":lvl", ":next"))};`,
    `${lent} \\gset`,
    `${filled(PgStatements.settleCompleted(), settleValues(":lease", ":size", ":ids::text[]"))};`
  ].join("\n"),
  plpgsql: {
    declare: "next bigint := 0; lvl int := -1; lent record;",
    body: `
    if pass = 1 then
      execute $prepare$prepare raw_claim(int, bigint) as ${
      filled(PgStatements.claim(), claimValues("$1", "$2"))
    }$prepare$;
      execute $prepare$prepare raw_settle(text, int, text) as ${
      filled(PgStatements.settleCompleted(), settleValues("$1", "$2", "$3::text[]"))
    }$prepare$;
    end if;
    execute format('execute raw_claim(%s, %s)', lvl, next);
    commit;
    ${lent.replace(" from millrace.lease", " into lent from millrace.lease")};
    next := lent.next;
    lvl := lent.lvl;
    execute format('execute raw_settle(%L, %s, %L)', lent.lease, lent.size, lent.ids);
    commit;`
  }
}

/** All scripts. */
export const rawScripts: ReadonlyArray<RawScript> = [drain]
