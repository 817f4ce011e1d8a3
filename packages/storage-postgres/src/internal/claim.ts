/**
 * Claiming: level after level until the limit is reached, with a memory of where the last claim ended.
 *
 * The memory is a hint only: forgotten, it costs a walk over dead index entries, nothing more.
 */
import * as Bounds from "@millrace/storage/Bounds"
import type { Claim, ClaimOptions } from "@millrace/storage/Claim"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as statements from "../statements/claim.ts"
import * as leases from "../statements/lease.ts"
import * as Doubts from "./doubts.ts"
import type { Notifier } from "./notifier.ts"
import * as Round from "./round.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"

/** Where the last claim of a worker from a queue ended. */
interface Mark {
  readonly level: number
  readonly tenant: string
  /** The position after the newest job that this tenant got. */
  readonly next: bigint
  /** Claims since the last that began at position 0. */
  readonly claims: number
  /** Behind which tenant a round began that found no job for the worker and is not over; null when none is under way. */
  readonly start: string | null
}

const noMark: Mark = { level: -1, tenant: "", next: 0n, claims: 0, start: null }

/** After so many claims one starts from the beginning, to find jobs that were committed late (measured: decisions/0003). */
const rescanEvery = 64

/** Priorities go from 0 to 100; above them there is no level. */
const levelMax = 100

/** The claim method of a session. */
export const make = Effect.fnUntraced(function*(session: Session, notifier: Notifier) {
  const claimReady = makeReady(session)
  const claimSuspect = makeSuspect(session)
  const releaseText = leases.release(session.schema)
  const doubts = yield* Doubts.make

  /** Gives back what claims without an answer may have taken. */
  const clear = Effect.fnUntraced(function*(workerId: string, keys: ReadonlyArray<string>) {
    const rows = yield* session.rows("claim", releaseText, [yield* session.now, workerId, keys])
    yield* session.sql.afterCommit(notifier.inserted(new Set(rows.map((row) => row["queue"] as string)), false))
  })

  return Effect.fnUntraced(function*(
    options: ClaimOptions
  ): Effect.fn.Return<ReadonlyArray<Claim>, StorageError.StorageError> {
    const reason = Bounds.checkClaim(options)
    if (reason !== null) return yield* Effect.fail(new StorageError.StorageError({ reason }))
    if (options.handles.length === 0) return []
    const keys = yield* doubts.of(options.workerId)
    if (keys.length > 0) yield* clear(options.workerId, keys)
    return yield* doubts.watch(
      options.workerId,
      (key) => options.suspects === true ? claimSuspect(options, key) : claimReady(options, key)
    )
  })
})

const makeSuspect = (session: Session) => {
  const text = statements.claimSuspect(session.schema)
  return Effect.fnUntraced(function*({ handles, queue, workerId }: ClaimOptions, key: string) {
    const rows = yield* session.rows("claim", text, [
      yield* session.now,
      workerId,
      queue,
      handles.map(({ name }) => name),
      key
    ])
    return rows.map((row) => Rows.toClaim(row, queue))
  })
}

const makeReady = (session: Session) => {
  const text = statements.claim(session.schema)
  const marks = new Map<string, Mark>()

  const claimLevel = Effect.fnUntraced(
    function*(options: ClaimOptions, key: string, limit: number, mark: Mark, from: number) {
      return yield* session.rows("claim", text, [
        yield* session.now,
        options.workerId,
        options.queue,
        options.handles.map(({ name }) => name),
        limit,
        options.perTenant,
        mark.level,
        mark.tenant,
        from,
        tenantsMax(options, limit),
        mark.next,
        key
      ])
    }
  )

  return Effect.fnUntraced(function*(options: ClaimOptions, key: string) {
    const lane = `${options.workerId} ${options.queue}`
    const claims: Array<Claim> = []
    let mark = marks.get(lane) ?? noMark
    if (mark.claims >= rescanEvery) mark = { ...mark, next: 0n, claims: 0 }
    let start = mark.start ?? mark.tenant
    for (let from = 0, walks = 0; from <= levelMax && claims.length < options.limit && walks < walksMax; walks++) {
      const wanted = options.limit - claims.length
      const rows = yield* claimLevel(options, key, wanted, mark, from)
      const first = rows[0]
      if (first === undefined) break
      const jobs = rows.filter((row) => row["id"] !== null).toSorted(inOrder)
      for (const row of jobs) claims.push(Rows.toClaim(row, options.queue))
      const isBlocked = jobs.length === 0 && first["walked"] === tenantsMax(options, wanted)
      // Tenants without a job for this worker are left behind, until all of the level were looked at.
      if (isBlocked && !Round.isOver(start, mark.tenant, first["walked_last"] as string)) {
        mark = beyond(mark, first, start)
        continue
      }
      mark = after(mark, jobs)
      start = mark.tenant
      // Tenants with less than their share leave room that others may fill.
      if (jobs.length > 0 && jobs.length < wanted && (first["walked"] as number) > 1) continue
      if (first["more"] !== true) break
      from = (first["level"] as number) + 1
    }
    // A short claim may have missed jobs before the mark: the next one starts from the beginning.
    remember(marks, lane, claims.length < options.limit ? { ...mark, next: 0n, claims: 0 } : mark)
    return claims
  })
}

/** Statements of one claim at most, however many levels and blocked tenants there are. */
const walksMax = 50

/** How many tenants one statement looks at. */
const tenantsMax = (options: ClaimOptions, limit: number): number => Math.ceil(limit / options.perTenant) + 1

/** Tenants in the order of their turns, the jobs of each oldest first. */
const inOrder = (a: Row, b: Row): number =>
  (a["turn"] as number) - (b["turn"] as number) || ((a["seq"] as bigint) < (b["seq"] as bigint) ? -1 : 1)

/** The mark behind tenants that had jobs, none of which this worker could claim. */
const beyond = (mark: Mark, row: Row, start: string): Mark => ({
  level: row["level"] as number,
  tenant: row["walked_last"] as string,
  next: 0n,
  claims: mark.claims + 1,
  start
})

/** The mark after the jobs of one level: at the tenant served last. */
const after = (mark: Mark, jobs: ReadonlyArray<Row>): Mark => {
  const last = jobs.at(-1)
  if (last === undefined) return { ...mark, start: null }
  const level = last["level"] as number
  const tenant = last["tenant"] as string
  const seqs = jobs.filter((row) => row["tenant"] === tenant).map((row) => row["seq"] as bigint)
  const next = seqs.reduce((a, b) => (a > b ? a : b), 0n) + 1n
  return { level, tenant, next, claims: mark.claims + 1, start: null }
}

/** Workers and queues of one process are few; the oldest marks go when there are many. */
const marksMax = 1000

const remember = (marks: Map<string, Mark>, key: string, mark: Mark): void => {
  marks.delete(key)
  marks.set(key, mark)
  const oldest = marks.keys().next()
  if (marks.size > marksMax && oldest.done !== true) marks.delete(oldest.value)
}
