/** Settling and reporting: the fenced writes of a worker. */
import type { AttemptOutcome } from "@millrace/storage/Attempt"
import * as Bounds from "@millrace/storage/Bounds"
import type { FencedResult } from "@millrace/storage/Claim"
import type { Outcome, Report, Settlement } from "@millrace/storage/Outcome"
import * as StorageError from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as reports from "../statements/report.ts"
import * as statements from "../statements/settle.ts"
import type { Notifier } from "./notifier.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"

/** The settle method of a session. */
export const make = (session: Session, notifier: Notifier) => {
  const completedText = textsOf((holds) => statements.settleCompleted(session.schema, { holds }))
  const anyText = textsOf((holds) => textsOf((pauses) => statements.settle(session.schema, { holds, pauses })))
  const endedText = statements.endedAttempts(session.schema)

  const write = Effect.fnUntraced(function*(workerId: string, batch: Batch) {
    if (batch.leases.length === 0) return []
    const params = [workerId, batch.leases, batch.offsets, batch.lengths, ...commonArrays(batch)]
    if (batch.places.every((place) => place === undefined || isPlainCompletion(place))) {
      const text = completedText(batch.isLimited)
      return yield* session.rows("settle", text, batch.isLimited ? params : [...params, batch.count])
    }
    const pauses = batch.places.some((place) => pauseOf(place) !== undefined)
    return yield* session.rows("settle", anyText(batch.isLimited)(pauses), [
      ...params,
      ...outcomeArrays(batch),
      yield* session.now,
      ...(pauses ? pauseArrays(batch) : [])
    ])
  })

  /** Those that ended their attempt before: the same settlements, sent again. */
  const repeatedOf = Effect.fnUntraced(function*(workerId: string, missed: ReadonlyArray<Settlement>) {
    if (missed.length === 0) return []
    const rows = yield* session.rows("settle", endedText, [missed.map((one) => one.id), missed.map((one) => one.token)])
    const ended = new Map(
      rows.filter((row) => row["worker_id"] === workerId).map((
        row
      ) => [keyOfRow(row), row["outcome"] as AttemptOutcome])
    )
    return missed.filter((one) => isSameEnd(one.outcome, ended.get(keyOf(one))))
  })

  return Effect.fnUntraced(function*(workerId: string, settlements: ReadonlyArray<Settlement>) {
    if (settlements.length === 0) return []
    yield* check(settlements)
    const batch = toBatch(settlements)
    const rows = yield* write(workerId, batch)
    const isHit = hitsOf(rows, batch)
    const ended = batch.places.filter((place) => place !== undefined && isHit(place)) as Array<Settlement>
    const applied = new Set(ended)
    const missed = settlements.filter((one) => !applied.has(one) && Rows.isId(one.id))
    for (const one of yield* repeatedOf(workerId, missed)) applied.add(one)
    yield* session.sql.afterCommit(notifier.settled(ended, rows))
    // Who waits for a limit hears that there may be room.
    if (batch.isLimited) yield* session.sql.afterCommit(notifier.inserted(queuesOf(rows), false))
    return settlements.map((one): FencedResult => applied.has(one) ? "Applied" : "LeaseLost")
  })
}

/** The report method of a session. */
export const makeReport = (session: Session) => {
  const text = reports.report(session.schema)
  const write = Effect.fnUntraced(function*(workerId: string, entries: ReadonlyArray<Report>) {
    const json = JSON.stringify(entries.map(encodeReport))
    const rows = yield* session.rows("report", text, [yield* session.now, workerId, json])
    const hits = new Set(rows.map((row) => row["ord"] as number))
    return entries.map((_, index): FencedResult => hits.has(index + 1) ? "Applied" : "LeaseLost")
  })

  // The statement takes one start at a time: suspects are lent one by one.
  return (workerId: string, entries: ReadonlyArray<Report>) =>
    entries.length > 1 && entries.some(({ started }) => started === true)
      ? Effect.map(Effect.forEach(entries, (entry) => write(workerId, [entry])), (results) => results.flat())
      : write(workerId, entries)
}

/** Two texts, for without and with something; each made once. */
const textsOf = <A>(make: (is: boolean) => A): (is: boolean) => A => {
  const texts = { without: make(false), with: make(true) }
  return (is) => is ? texts.with : texts.without
}

const queuesOf = (rows: ReadonlyArray<Row>): ReadonlySet<string> => new Set(rows.map((row) => row["queue"] as string))

const pauseOf = (place: Settlement | undefined) => place?.outcome._tag === "Snoozed" ? place.outcome.pause : undefined

const encodeReport = (report: Report) => {
  const lease = Rows.parseLeaseId(report.leaseId)
  return {
    id: Rows.isId(report.id) ? report.id : undefined,
    token: report.token,
    lease_id: lease?.lease,
    place: lease?.place,
    progress: report.progress,
    note: report.note,
    level: report.log?.level,
    message: report.log?.message,
    checkpoint: report.checkpoint,
    started: report.started,
    has_checkpoint: report.checkpoint !== undefined
  }
}

const check = (settlements: ReadonlyArray<Settlement>): Effect.Effect<void, StorageError.StorageError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const reason = Bounds.checkSettlements(settlements, now)
    return reason === null ? Effect.void : Effect.fail(new StorageError.StorageError({ reason }))
  })

const keyOf = (fence: { readonly id: string; readonly token: number }): string => `${fence.id} ${fence.token}`

const keyOfRow = (row: Row): string => `${row["id"]} ${row["token"]}`

/** Which settlements ended their attempt: the rows name them, or count them when they are all of the batch. */
const hitsOf = (rows: ReadonlyArray<Row>, batch: Batch): (settlement: Settlement) => boolean => {
  const [first] = rows
  if (first?.["hits"] === batch.count) return () => true
  const keys = first?.["hits"] === undefined ? rows.map(keyOfRow) : (first["keys"] ?? []) as ReadonlyArray<string>
  const hits = new Set(keys)
  return (settlement) => hits.has(keyOf(settlement))
}

/** Nothing but a finished row is to be written. */
const isPlainCompletion = (settlement: Settlement): boolean =>
  settlement.outcome._tag === "Completed" && settlement.uniqueKey === null && !settlement.hasReport

const outcomes: { readonly [Tag in Outcome["_tag"]]: AttemptOutcome } = {
  Completed: "completed",
  Retried: "failed",
  Snoozed: "snoozed",
  Released: "released",
  Cancelled: "cancelled",
  Dead: "dead",
  Quarantined: "quarantined"
}

const isSameEnd = (outcome: Outcome, ended: AttemptOutcome | undefined): boolean =>
  ended === outcomes[outcome._tag]
  || (ended === "cancelled" &&
    (outcome._tag === "Retried" || outcome._tag === "Snoozed" || outcome._tag === "Released"))

/** The settlements laid out over the places of their leases; undefined where nothing is settled. */
interface Batch {
  readonly leases: ReadonlyArray<string>
  readonly offsets: ReadonlyArray<number>
  readonly lengths: ReadonlyArray<number>
  readonly places: ReadonlyArray<Settlement | undefined>
  /** How many of the places have a settlement. */
  readonly count: number
  /** Whether any of the jobs is under limits. */
  readonly isLimited: boolean
}

const toBatch = (settlements: ReadonlyArray<Settlement>): Batch => {
  const leases = new Map<string, Array<Settlement | undefined>>()
  let isLimited = false
  for (const settlement of settlements) {
    const at = Rows.parseLeaseId(settlement.leaseId)
    if (at === null || at.place > at.size) continue
    const places = leases.get(at.lease) ?? Array.from<Settlement | undefined>({ length: at.size })
    leases.set(at.lease, places)
    isLimited ||= at.isLimited
    places[at.place - 1] ??= settlement
  }
  const offsets: Array<number> = []
  const places: Array<Settlement | undefined> = []
  for (const lease of leases.values()) {
    offsets.push(places.length)
    for (const place of lease) places.push(place)
  }
  const lengths = [...leases.values()].map((lease) => lease.length)
  const count = places.filter((place) => place !== undefined).length
  return { leases: [...leases.keys()], offsets, lengths, places, count, isLimited }
}

/** The largest number of milliseconds that fits the integer arrays: 24 days. */
const millisMax = 2_147_483_647

const millisOf = (millis: number | null | undefined): number =>
  millis === null || millis === undefined ? -1 : Math.min(Math.max(Math.round(millis), 0), millisMax)

const commonArrays = ({ places }: Batch): ReadonlyArray<unknown> => [
  places.map((place) => place?.id ?? ""),
  places.map((place) => place?.token ?? 0),
  places.map((place) => millisOf(place?.startedAfterMillis)),
  places.map((place) => millisOf(place?.endedAfterMillis)),
  places.map((place) =>
    place?.outcome._tag === "Completed" && place.outcome.result !== null ? JSON.stringify(place.outcome.result) : ""
  )
]

const outcomeArrays = ({ places }: Batch): ReadonlyArray<unknown> => [
  places.map((place) => (place === undefined ? 0 : statements.outcomeCode[place.outcome._tag])),
  places.map((
    place
  ) => (place !== undefined && "delayMillis" in place.outcome ? String(place.outcome.delayMillis) : "0")),
  places.map((place) =>
    place !== undefined && "error" in place.outcome && place.outcome.error !== null
      ? JSON.stringify(place.outcome.error)
      : ""
  ),
  places.map((place) => place?.hasReport ?? false)
]

const pauseArrays = ({ places }: Batch): ReadonlyArray<unknown> => [
  places.map((place) => pauseOf(place)?.limit ?? ""),
  places.map((place) => pauseOf(place)?.key ?? "")
]
