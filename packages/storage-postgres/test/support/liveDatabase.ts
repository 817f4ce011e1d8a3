/** A migrated database in real time, and as many clients and storages on it as a test wants. */
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Claim, JobId, Storage } from "@millrace/storage"
import { JobState } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Context, Effect, Layer, Schedule } from "effect"
import * as PgMigrations from "../../src/PgMigrations.ts"
import * as PgStorage from "../../src/PgStorage.ts"

/** A storage and the client it runs on. */
export interface Live {
  readonly sql: PgClient.PgClient
  readonly storage: Storage.Storage["Service"]
}

/** An empty database and a client. */
export const empty = TestDatabase.layer

/** A migrated database and a client; build it once for the tests of a file. */
export const layer = Layer.effectDiscard(PgMigrations.migrate()).pipe(Layer.provideMerge(empty))

/** One more client of the test's database, with its own connections. */
export const client = (options: PgClient.PgPoolConfig = { maxConnections: 4 }) =>
  Effect.flatMap(
    TestDatabase.TestDatabase,
    ({ url }) =>
      Effect.map(Layer.build(PgClient.layer({ url, ...options })), (context) => Context.get(context, PgClient.PgClient))
  )

/** A storage on a client of its own. */
export const live = Effect.fnUntraced(function*(
  options: PgStorage.PgStorageOptions & { readonly client?: PgClient.PgPoolConfig } = {}
) {
  const sql = yield* client(options.client)
  const storage = yield* PgStorage.make(options).pipe(Effect.provideService(PgClient.PgClient, sql))
  return { sql, storage } satisfies Live
})

/** A worker's registration for an hour. */
export const register = (
  { storage }: Live,
  workerId: string,
  info: { readonly queues?: ReadonlyArray<string>; readonly names?: ReadonlyArray<string> } = {}
) =>
  storage.renew({
    _tag: "Register",
    workerId,
    leaseMillis: 3_600_000,
    info: { host: "h", pid: 1, release: "r", queues: ["default"], names: ["SendMail"], concurrency: 10, ...info }
  })

/** A claim of up to ten `SendMail` jobs of the queue `default`. */
export const claim = ({ storage }: Live, options: Partial<Claim.ClaimOptions> = {}) =>
  storage.claim({
    workerId: "w1",
    queue: "default",
    handles: Fixture.handles("SendMail"),
    limit: 10,
    perTenant: 10,
    ...options
  })

/** Asks every 10 ms until a condition holds; real time is the subject, or another process acts in it. */
export const eventually = <A, E, R>(check: Effect.Effect<A, E, R>) =>
  Effect.retry(check, { schedule: Schedule.spaced("10 millis"), times: 1500 })

/** One value of one row. */
export const value = <A>({ sql }: Pick<Live, "sql">, text: string) =>
  Effect.map(sql.unsafe<{ readonly value: A }>(text), ([row]) => {
    assert(row !== undefined, `no row: ${text}`)
    return row.value
  })

/** The numbers of jobs by queue and state, counted one by one. */
const countByHand = Effect.fnUntraced(function*({ sql }: Pick<Live, "sql">, schema = "millrace") {
  const rows = yield* sql.unsafe<{ queue: string; state: JobState.JobState; n: number }>(
    `select queue, state, count(*)::int as n from "${schema}".job group by queue, state`
  )
  return new Map(rows.map((row) => [`${row.queue} ${row.state}`, row.n]))
})

/** Fails unless the overview says exactly what counting says. */
export const assertCounts = Effect.fnUntraced(function*(live: Live, schema?: string) {
  const counted = yield* countByHand(live, schema)
  const { queues } = yield* live.storage.overview
  const told = new Map(
    queues.flatMap(({ counts, queue }) =>
      JobState.states.flatMap((state) => (counts[state] === 0 ? [] : [[`${queue} ${state}`, counts[state]] as const]))
    )
  )
  assert.deepStrictEqual(Object.fromEntries(told), Object.fromEntries(counted))
})

/** The ids of enqueued jobs. */
export const idsOf = (results: ReadonlyArray<{ readonly id: JobId.JobId }>) => results.map(({ id }) => id)
