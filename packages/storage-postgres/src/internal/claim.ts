/**
 * Claiming: level after level until the limit is reached, with a memory of where the last claim ended.
 *
 * The memory is a hint only: forgotten, it costs a walk over dead index entries and the rest of a turn, nothing more.
 */
import * as Bounds from "@millrace/storage/Bounds"
import type { Claim, ClaimOptions } from "@millrace/storage/Claim"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as statements from "../statements/claim.ts"
import * as leases from "../statements/lease.ts"
import * as ClaimMark from "./claimMark.ts"
import * as Doubts from "./doubts.ts"
import * as GatedClaim from "./gatedClaim.ts"
import type { Notifier } from "./notifier.ts"
import * as Round from "./round.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"

/** Priorities go from 0 to 100; above them there is no level. */
const levelMax = 100

/** The claim method of a session. */
export const make = Effect.fnUntraced(function*(session: Session, notifier: Notifier) {
  const claimReady = makeReady(session, notifier)
  const claimSuspect = GatedClaim.makeSuspect(session)
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

/** A claim under way. */
interface Walk {
  readonly options: ClaimOptions
  readonly key: string
  readonly claims: Array<Claim>
  readonly gatedFirst: boolean
  mark: ClaimMark.Mark
  /** The smallest level to look at. */
  from: number
  /** The level up to which jobs under limits were claimed. */
  gatedDone: number
  /** Where the round over tenants began. */
  start: string
}

const makeReady = (session: Session, notifier: Notifier) => {
  const marks = ClaimMark.makeMarks()
  const step = makeStep(session, notifier)

  return Effect.fnUntraced(function*(options: ClaimOptions, key: string) {
    const lane = `${options.workerId} ${options.queue}`
    const mark = ClaimMark.begin(marks.get(lane), options.handles)
    const walk: Walk = {
      options,
      key,
      claims: [],
      gatedFirst: mark.turn % 2 === 1,
      mark,
      from: 0,
      gatedDone: -1,
      start: mark.start ?? mark.tenant
    }
    const every = options.agingEvery ?? 0
    if (every > 0 && mark.turn % every === 0) yield* visitAged(walk, step)
    yield* visitAll(walk, step)
    // A short claim may have missed jobs before the mark: the next one starts from the beginning.
    marks.set(lane, walk.claims.length < options.limit ? { ...walk.mark, next: 0n, claims: 0 } : walk.mark)
    return walk.claims
  })
}

type Step = (walk: Walk) => Effect.Effect<boolean, StorageError.StorageError>

const visitAll = Effect.fnUntraced(function*(walk: Walk, step: Step) {
  for (let walks = 0; walks < walksMax && walk.from <= levelMax && walk.claims.length < walk.options.limit; walks++) {
    if (yield* step(walk)) break
  }
})

/** Begins at the level behind the one that went before the others last time, and behind the best one at first. */
const visitAged = Effect.fnUntraced(function*(walk: Walk, step: Step) {
  const { aged, best } = walk.mark
  for (const behind of aged === null ? [best] : [aged, best]) {
    walk.from = behind + 1
    if (walk.claims.length === 0) yield* step(walk)
  }
  const served = walk.claims[0]?.priority ?? null
  walk.mark = { ...walk.mark, aged: served }
  walk.from = 0
  walk.gatedDone = -1
})

/** Looks at one level, the best from `from` on; answers whether there is none behind it. */
const makeStep = (session: Session, notifier: Notifier): Step => {
  const text = statements.claim(session.schema)
  const levelsText = statements.levels(session.schema)
  const claimGated = GatedClaim.make(session, notifier)

  const gated = Effect.fnUntraced(function*(walk: Walk, level: number) {
    const wanted = walk.options.limit - walk.claims.length
    walk.gatedDone = level
    if (wanted === 0) return
    const { claims, mark } = yield* claimGated(walk.options, walk.key, level, wanted, walk.mark.gated)
    walk.claims.push(...claims)
    walk.mark = ClaimMark.noteBest({ ...walk.mark, gated: mark }, level)
  })

  /** Looks whether jobs under limits are next still: the statement that lends the others costs more than such a look. */
  const look = Effect.fnUntraced(function*(walk: Walk) {
    const { from, gatedDone, gatedFirst, mark, options } = walk
    const { gatedLevel, level } = mark.seen
    if (!ClaimMark.isGatedNext(mark.seen, gatedFirst) || (level !== null && (gatedLevel ?? 0) <= gatedDone)) return null
    const [row] = yield* session.rows("claim", levelsText, [options.queue, from, gatedDone])
    return row === undefined ? null : levelsOf(row)
  })

  return Effect.fnUntraced(function*(walk: Walk) {
    const seen = yield* look(walk)
    if (seen !== null && seen.level === null && seen.gatedLevel === null) return true
    if (seen !== null && seen.gatedLevel !== null && ClaimMark.isGatedNext(seen, walk.gatedFirst)) {
      walk.mark = { ...walk.mark, seen }
      yield* gated(walk, seen.gatedLevel)
      return false
    }
    const { options } = walk
    const wanted = options.limit - walk.claims.length
    const rows = yield* session.rows("claim", text, paramsOf(walk, wanted, yield* session.now))
    const head = headOf(rows)
    if (head === undefined) return true
    const { gatedLevel, level } = head
    const mark: ClaimMark.Mark = { ...walk.mark, seen: { gatedLevel, level } }
    if (gatedLevel !== null && ClaimMark.isGatedNext(mark.seen, walk.gatedFirst)) {
      walk.mark = mark
      yield* gated(walk, gatedLevel)
      return false
    }
    if (level === null) return true
    const jobs = head.lease === null ? [] : rows.toSorted(inOrder)
    const lent = { lease: BigInt(head.lease ?? 0), size: head.size ?? 0, level }
    for (const row of jobs) walk.claims.push(Rows.toClaim(row, options.queue, lent))
    const isBlocked = jobs.length === 0 && head.walked === tenantsMax(options, wanted, mark.density)
    // Tenants without a job for this worker are left behind, until all of the level were looked at.
    if (isBlocked && !Round.isOver(walk.start, mark.tenant, head.walkedLast ?? "")) {
      walk.mark = ClaimMark.beyond(mark, head, walk.start)
      return false
    }
    walk.mark = ClaimMark.after(mark, head, jobs, jobs.length === wanted)
    walk.start = walk.mark.tenant
    // Tenants with less than their share leave room that others may fill.
    if (jobs.length > 0 && jobs.length < wanted && (head.walked ?? 0) > 1) return false
    if (gatedLevel === level) yield* gated(walk, level)
    walk.from = level + 1
    return head.more !== true && gatedLevel === null
  })
}

/** The row that came first has it. */
const headOf = (rows: ReadonlyArray<Row>): ClaimMark.Head | undefined =>
  rows.find((row) => row["head"] !== null)?.["head"] as ClaimMark.Head | undefined

const levelsOf = (row: Row): ClaimMark.Levels => ({
  level: row["level"] as number | null,
  gatedLevel: row["gated_level"] as number | null
})

const paramsOf = (
  { from, gatedDone, gatedFirst, key, mark, options }: Walk,
  wanted: number,
  now: Date | null
): ReadonlyArray<unknown> => [
  now,
  options.workerId,
  options.queue,
  options.handles.map(({ name }) => name),
  wanted,
  options.perTenant,
  mark.level,
  mark.tenant,
  from,
  tenantsMax(options, wanted, mark.density),
  mark.next,
  key,
  options.handles.map(({ versionMin }) => versionMin),
  options.handles.map(({ versionMax }) => versionMax),
  mark.rest,
  gatedDone,
  gatedFirst,
  options.slots === undefined || options.limit <= options.slots
]

/** Statements of one claim at most, however many levels and blocked tenants there are. */
const walksMax = 50

/** How many tenants one statement looks at: as many as it takes when each has as many jobs as those before had. */
const tenantsMax = (options: ClaimOptions, limit: number, density: number): number =>
  Math.min(Math.ceil(limit / Math.min(options.perTenant, density)) + 1, walkedMax)

/** Each costs a few probes, some 20 µs. */
const walkedMax = 200

/** Tenants in the order of their turns, the jobs of each oldest first. */
const inOrder = (a: Row, b: Row): number =>
  (a["turn"] as number) - (b["turn"] as number) || ((a["seq"] as bigint) < (b["seq"] as bigint) ? -1 : 1)
