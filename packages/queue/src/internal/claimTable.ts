/**
 * The table of the claims that a worker holds: from the claim's reply until its outcome is settled.
 *
 * The one thing that the actors of a worker share. They never call each other: an actor changes the table, and the table
 * wakes whoever waits for that change.
 */
import type { Claim } from "@millrace/storage/Claim"
import type { Outcome } from "@millrace/storage/Outcome"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type { Handler } from "../Handlers.ts"
import type { Lane } from "./lane.ts"
import type { Stop } from "./outcome.ts"
import * as Outcomes from "./outcome.ts"
import type { Session } from "./session.ts"

/** A claim that this worker holds. */
export interface Held {
  readonly claim: Claim
  readonly session: Session
  readonly lane: Lane
  /** Monotonic milliseconds of the claim's reply: what the durations of the attempt count from. */
  readonly claimedMillis: number
  /** `buffered` waits for a slot, `running` has one, `settling` has an outcome to be written, `over` is out of the table. */
  phase: "buffered" | "running" | "settling" | "over"
  handler: Handler | null
  fiber: Fiber.Fiber<unknown, unknown> | null
  startedMillis: number | null
  endedMillis: number
  /** Monotonic end of the attempt's time. */
  timeoutAtMillis: number
  timeoutMillis: number
  /** What ends at `timeoutAtMillis`: the attempt's own time, or that of the whole job. */
  timeoutKind: "Timeout" | "Deadline"
  stop: Stop | null
  stoppedMillis: number
  isStuck: boolean
  /** This or an earlier attempt wrote a report. */
  hasReport: boolean
  /** Reports of this attempt that are not written yet. */
  reportsWaiting: number
  /** Whether a transaction of the handler completed the attempt; `unknown`: nobody knows whether it committed. */
  transaction: "none" | "open" | "committed" | "unknown"
  outcome: Outcome | null
  exit: Exit.Exit<unknown, unknown> | null
}

/** The table. */
export interface ClaimTable {
  readonly held: Set<Held>
  /** Ended attempts whose outcome is to be written, oldest first. */
  outbox: Array<Held>
  /** Wakes the settler. */
  readonly settleWake: Latch.Latch
  /** Wakes the timekeeper. */
  readonly timeWake: Latch.Latch
  /** Opens at every change that somebody may wait for: an attempt that ended, a claim that left the table. */
  readonly changed: Latch.Latch
  /** When the timekeeper will look next, in monotonic milliseconds. */
  alarmMillis: number
  /** Attempts that stand between claim and end, and requests that may bring more. */
  running: number
  claiming: number
}

/** An empty table. */
export const make = (): ClaimTable => ({
  held: new Set(),
  outbox: [],
  settleWake: Latch.makeUnsafe(false),
  timeWake: Latch.makeUnsafe(false),
  changed: Latch.makeUnsafe(false),
  alarmMillis: Infinity,
  running: 0,
  claiming: 0
})

/** Takes the claims of a reply in; they wait for a slot. */
export const accept = (
  table: ClaimTable,
  session: Session,
  lane: Lane,
  claims: ReadonlyArray<Claim>,
  nowMillis: number
): void => {
  const waiting: Array<Held> = []
  for (const claim of claims) {
    const held = makeHeld(claim, session, lane, nowMillis)
    table.held.add(held)
    // What holds limits starts first: others need what it holds.
    if (claim.limits.length > 0) waiting.push(held)
    else lane.buffer.push(held)
  }
  if (waiting.length > 0) lane.buffer.unshift(...waiting)
  session.held += claims.length
  if (claims.length > 0) lane.runWake.openUnsafe()
}

const makeHeld = (claim: Claim, session: Session, lane: Lane, nowMillis: number): Held => ({
  claim,
  session,
  lane,
  claimedMillis: nowMillis,
  phase: "buffered",
  handler: null,
  fiber: null,
  startedMillis: null,
  endedMillis: nowMillis,
  timeoutAtMillis: Infinity,
  timeoutMillis: Infinity,
  timeoutKind: "Timeout",
  stop: null,
  stoppedMillis: Infinity,
  isStuck: false,
  hasReport: claim.hasReport,
  reportsWaiting: 0,
  transaction: "none",
  outcome: null,
  exit: null
})

/** A claim takes a slot: its handler starts now. `leftMillis` is what is left until the deadline of the whole job. */
export const start = (
  table: ClaimTable,
  held: Held,
  handler: Handler,
  timeoutMillis: number,
  leftMillis: number,
  nowMillis: number
): void => {
  held.phase = "running"
  held.handler = handler
  held.startedMillis = nowMillis
  held.timeoutMillis = timeoutMillis
  held.timeoutKind = leftMillis < timeoutMillis ? "Deadline" : "Timeout"
  held.timeoutAtMillis = nowMillis + Math.min(timeoutMillis, leftMillis)
  held.lane.running += 1
  held.lane.peak = Math.max(held.lane.peak, held.lane.running)
  table.running += 1
  ring(table, held.timeoutAtMillis)
}

/** The handler of a claim has ended: its slot is free. */
export const freeSlot = (table: ClaimTable, held: Held): void => {
  held.lane.running -= 1
  held.lane.ended += 1
  table.running -= 1
  held.fiber = null
  table.changed.openUnsafe()
  held.lane.runWake.openUnsafe()
}

/** A claim has its outcome: it waits to be written. One whose session is lost has nothing to write. */
export const putOutcome = (table: ClaimTable, held: Held, outcome: Outcome, nowMillis: number): void => {
  held.phase = "settling"
  held.outcome = outcome
  held.endedMillis = nowMillis
  if (held.reportsWaiting === 0) post(table, held)
}

/** So many reports of an attempt were written. An outcome that waited for the last of them goes on its way. */
export const reportsWritten = (table: ClaimTable, held: Held, count: number): void => {
  held.reportsWaiting -= count
  if (held.reportsWaiting > 0) return
  table.changed.openUnsafe()
  if (held.phase === "settling") post(table, held)
}

const post = (table: ClaimTable, held: Held): void => {
  table.outbox.push(held)
  table.settleWake.openUnsafe()
}

/** A claim leaves the table: settled, lost, or completed by its own transaction. */
export const remove = (table: ClaimTable, held: Held): void => {
  if (!table.held.delete(held)) return
  held.phase = "over"
  held.session.held -= 1
  table.changed.openUnsafe()
}

/** Asks a claim to stop: a running one is interrupted, a waiting one gets its outcome at once. The first reason counts. */
export const stop = (table: ClaimTable, held: Held, reason: Stop, nowMillis: number): void => {
  if (held.phase === "buffered") {
    held.lane.buffer = held.lane.buffer.filter((other) => other !== held)
    putOutcome(table, held, Outcomes.stoppedEarly(reason), nowMillis)
    return
  }
  if (held.phase !== "running" || held.stop !== null) return
  held.stop = reason
  held.stoppedMillis = nowMillis
  table.timeWake.openUnsafe()
  held.fiber?.interruptUnsafe()
}

/** All claims of a session are gone: waiting ones leave, running ones are interrupted, outcomes are left to the settler. */
export const drop = (table: ClaimTable, session: Session, nowMillis: number): void => {
  for (const held of table.held) {
    if (held.session !== session) continue
    if (held.phase !== "buffered") stop(table, held, { _tag: "Lease" }, nowMillis)
    else {
      held.lane.buffer = held.lane.buffer.filter((other) => other !== held)
      remove(table, held)
    }
  }
  // The settler lets go of the outcomes.
  table.settleWake.openUnsafe()
}

/** Gives back every claim of a queue that waits for a slot. */
export const releaseBuffer = (table: ClaimTable, lane: Lane, nowMillis: number): void => {
  const waiting = lane.buffer
  lane.buffer = []
  for (const held of waiting) putOutcome(table, held, Outcomes.released, nowMillis)
}

/** Lets the timekeeper look at this instant at the latest. */
export const ring = (table: ClaimTable, atMillis: number): void => {
  if (atMillis >= table.alarmMillis) return
  table.alarmMillis = atMillis
  table.timeWake.openUnsafe()
}

/** Waits until a condition on the table holds. */
export const waitUntil = (table: ClaimTable, holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (holds()) return Effect.void
    table.changed.closeUnsafe()
    return Effect.andThen(Effect.andThen(table.changed.await, Effect.yieldNow), waitUntil(table, holds))
  })

/** Claims that wait for a slot. */
export const buffered = (lanes: Iterable<Lane>): number => {
  let count = 0
  for (const lane of lanes) count += lane.buffer.length
  return count
}
