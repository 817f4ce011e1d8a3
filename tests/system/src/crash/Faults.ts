/**
 * Does the faults of a plan to the processes, connections and database of a storm, and counts those that really
 * happened: a fault that could not be done is tried again until it is.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import type { EmbeddedPostgres } from "@millrace/postgres-embedded"
import type { Storage } from "@millrace/storage/Storage"
import { Effect, Semaphore } from "effect"
import * as CrashLedger from "./CrashLedger.ts"
import type { FaultName, PlannedFault } from "./FaultPlan.ts"
import type * as Fleet from "./Fleet.ts"
import * as StaleWrites from "./StaleWrites.ts"
import type * as TcpProxy from "./TcpProxy.ts"

/** How often each fault happened. */
export interface Counts {
  /** Processes that SIGKILL ended, by their exits. */
  readonly kills: () => number
  /** Workers that a poison job aborted. */
  readonly aborts: () => number
  /** Workers that were frozen until their lease was taken. */
  sigstops: number
  databaseCrashes: number
  sessionKills: number
  halfOpen: number
  halfOpenQueries: number
  cuts: number
  locks: number
  restarts: number
}

/** What the faults are done to. */
export interface Targets {
  readonly postgres: EmbeddedPostgres.EmbeddedPostgres["Service"]
  readonly proxy: TcpProxy.TcpProxy
  readonly workers: Fleet.Fleet
}

/** The faults of a storm. */
export interface Faults {
  readonly counts: Counts
  readonly stale: StaleWrites.StaleTally
  /** How long after the silence each silenced listener was replaced by another connection of its worker. */
  readonly listenersDetectedMillis: Array<number>
  /** Does what the plan says when it says it, and waits for the last. */
  readonly follow: (plan: ReadonlyArray<PlannedFault>) => Effect.Effect<void, never, PgClient | Storage>
}

interface State extends Targets, Faults {
  /** One at a time: a database that is down can not crash. */
  readonly database: Semaphore.Semaphore
}

type Act = (state: State, choice: number) => Effect.Effect<void, unknown, PgClient | Storage>

/** Makes the faults. */
export const make = Effect.fnUntraced(function*(targets: Targets) {
  const state: State = {
    ...targets,
    database: yield* Semaphore.make(1),
    counts: {
      kills: () => ended(targets, "killed"),
      aborts: () => ended(targets, "aborted"),
      sigstops: 0,
      databaseCrashes: 0,
      sessionKills: 0,
      halfOpen: 0,
      halfOpenQueries: 0,
      cuts: 0,
      locks: 0,
      restarts: 0
    },
    stale: { tried: 0, accepted: [] },
    listenersDetectedMillis: [],
    follow: (plan) => follow(state, plan)
  }
  const faults: Faults = state
  return faults
})

const ended = ({ workers }: Targets, how: Fleet.Fate): number =>
  workers.members.filter(({ fate }) => fate === how).length

const follow = (state: State, plan: ReadonlyArray<PlannedFault>) =>
  Effect.forEach(plan, ({ atMillis, choice, fault }) =>
    acts[fault](state, choice).pipe(
      Effect.tapError((error) => Effect.logDebug(`${fault}: ${String(error)}`)),
      Effect.retry({ times: 1_500 }),
      Effect.ignore,
      Effect.delay(atMillis)
    ), { concurrency: "unbounded", discard: true })

/** There is nothing to do it to at this moment. */
const notNow = Effect.delay(Effect.fail("not now"), "200 millis")

const choose = <A>(values: ReadonlyArray<A>, choice: number): Effect.Effect<A, string> =>
  Effect.suspend(() => {
    const value = values[Math.floor(choice * values.length)]
    return value === undefined ? notNow : Effect.succeed(value)
  })

/** A worker that is killed as soon as it serves has nothing to lose: it gets this long to have jobs in flight. */
const servedMillis = 3_000

const serving = ({ workers }: State): ReadonlyArray<Fleet.Member> =>
  workers.ready().filter(({ readyMillis }) =>
    readyMillis !== null && readyMillis + servedMillis < CrashLedger.nowMillis()
  )

const kill: Act = (state, choice) =>
  Effect.gen(function*() {
    const victim = yield* choose(serving(state), choice)
    yield* state.workers.kill(victim)
    if (victim.fate !== "killed") return yield* notNow
    yield* Effect.ignore(probe(state, victim).pipe(Effect.delay("14 seconds")))
  })

/** Tries to write what a dead or frozen worker might, for a few of its jobs. */
const probe = ({ stale }: State, { ledger, name }: Fleet.Member) => {
  const open = CrashLedger.readExecutions(ledger, name).filter(({ isSettled }) => !isSettled)
  return Effect.retry(StaleWrites.probe(stale, open.slice(-4)), { times: 2 })
}

/** How long a worker stays frozen at most: its lease of 12 seconds, and time for the others to notice. */
const freezeChecks = 200

const freeze: Act = (state, choice) =>
  Effect.gen(function*() {
    const victim = yield* choose(serving(state), choice)
    state.workers.freeze(victim)
    yield* isForgotten(victim.pid, victim.place).pipe(
      Effect.delay("200 millis"),
      Effect.repeat({ times: freezeChecks, until: (isForgotten) => isForgotten }),
      Effect.flatMap((isForgotten) => isForgotten ? Effect.ignore(probe(state, victim)) : Effect.fail("still known")),
      Effect.ensuring(Effect.sync(() => state.workers.thaw(victim)))
    )
    state.counts.sigstops += 1
  })

/** Whether the registration of a worker is gone: its lease was taken back. A database that does not answer says no. */
const isForgotten = (pid: number, host: string) =>
  Effect.gen(function*() {
    const sql = yield* PgClient
    const rows = yield* sql.unsafe(
      `select 1 from millrace.worker where (info ->> 'pid')::int = $1 and info ->> 'host' = $2`,
      [pid, host]
    )
    return rows.length === 0
  }).pipe(Effect.timeout("2 seconds"), Effect.catch(() => Effect.succeed(false)))

const crashDatabase: Act = (state) =>
  Semaphore.withPermit(
    state.database,
    Effect.gen(function*() {
      yield* state.postgres.crash
      yield* Effect.sleep("200 millis")
      yield* Effect.retry(state.postgres.start, { times: 3 })
      state.counts.databaseCrashes += 1
    })
  )

const endSession: Act = (state, choice) =>
  Effect.gen(function*() {
    const sql = yield* PgClient
    const rows = yield* sql.unsafe<{ readonly done: boolean }>(
      `select pg_terminate_backend(pid) as done from (
        select pid from pg_stat_activity where application_name ~ '^(worker|producer)-' and backend_type = 'client backend'
        order by md5(pid::text || $1) limit 1) s`,
      [String(choice)]
    )
    if (rows[0]?.done !== true) return yield* notNow
    state.counts.sessionKills += 1
  }).pipe(Effect.timeout("5 seconds"))

/** A worker has its pool, and a connection for its heart. */
const isAlive = (state: State, name: string): boolean =>
  state.workers.ready().some(({ place }) => place === name || `${place} heart` === name)

const passing = (state: State, isListener: boolean): ReadonlyArray<TcpProxy.Connection> =>
  state.proxy.connections().filter((connection) =>
    connection.isListener === isListener && connection.mode._tag === "Pass" && isAlive(state, connection.name)
  )

const silenceListener: Act = (state, choice) =>
  Effect.gen(function*() {
    const victim = yield* choose(passing(state, true), choice)
    const owner = state.workers.ready().find(({ place }) => place === victim.name)
    state.proxy.set(victim, { _tag: "Silent" })
    state.counts.halfOpen += 1
    const silencedMillis = performance.now()
    // Only a worker that lives through it can detect it.
    const replaced = Effect.sync(() =>
      state.proxy.connections().some(({ isListener, name, openedMillis }) =>
        isListener && name === victim.name && openedMillis > silencedMillis
      )
    )
    const isReplaced = yield* Effect.repeat(Effect.delay(replaced, "100 millis"), {
      times: 450,
      until: (isReplaced) => isReplaced || owner?.state !== "ready"
    })
    if (isReplaced && owner?.state === "ready") {
      state.listenersDetectedMillis.push(Math.round(performance.now() - silencedMillis))
    }
  })

const silenceQuery: Act = (state, choice) =>
  Effect.gen(function*() {
    const victim = yield* choose(passing(state, false), choice)
    state.proxy.set(victim, { _tag: "Silent" })
    state.counts.halfOpenQueries += 1
  })

const cut: Act = (state, choice) =>
  Effect.gen(function*() {
    const victim = yield* choose(passing(state, false), choice)
    state.proxy.set(victim, { _tag: "CutAfter", bytes: 1 + Math.floor(choice * 40) })
    state.counts.cuts += 1
  })

const lockTables: Act = (state) =>
  Effect.gen(function*() {
    const sql = yield* PgClient
    yield* sql.unsafe(`do $$ begin
      lock table millrace.ready, millrace.lease, millrace.scheduled in access exclusive mode;
      perform pg_sleep(2);
    end $$`)
    state.counts.locks += 1
  })

const rollingRestart: Act = (state) =>
  Effect.gen(function*() {
    for (const place of new Set(state.workers.members.map(({ place }) => place))) {
      const here = Effect.suspend(() => choose(state.workers.ready().filter((member) => member.place === place), 0))
      yield* state.workers.stop(yield* Effect.retry(here, { times: 150 }))
    }
    state.counts.restarts += 1
  })

const acts: { readonly [Name in FaultName]: Act } = {
  kill,
  freeze,
  crashDatabase,
  endSession,
  silenceListener,
  silenceQuery,
  cut,
  lockTables,
  rollingRestart
}
