/**
 * A registration of this worker in the storage, under an id that is never used twice, and its lease.
 *
 * Claims belong to the session under which they were made. A worker has one present session; older ones live on until
 * their last claim is settled.
 */

import type { Keeping } from "@millrace/storage/Heart"
import * as Defaults from "../Defaults.ts"

/** A registration. */
export interface Session {
  readonly workerId: string
  /** `joining` is not registered yet; `live` is; `lost` and `left` are over. */
  state: "joining" | "live" | "lost" | "left"
  /** Monotonic end of the lease, less the safety margin: after it nothing of this session may run. */
  deadlineMillis: number
  /** The deadline has passed: its handlers were interrupted, and it waits for a renewal. */
  isFenced: boolean
  /** A claim failed and may have succeeded all the same: this session may hold jobs that nobody knows of. */
  isTainted: boolean
  /** What it told the storage of this worker is out of date. */
  isOutdated: boolean
  /** What renews it beside the event loop, if there is a heart. */
  keeping: Keeping | null
  /** Claims that it holds. */
  held: number
  /** Claim requests that are under way. */
  claiming: number
}

/** A session that is not registered yet. */
export const make = (workerId: string): Session => ({
  workerId,
  state: "joining",
  deadlineMillis: -Infinity,
  isFenced: false,
  isTainted: false,
  isOutdated: false,
  keeping: null,
  held: 0,
  claiming: 0
})

/**
 * May jobs be claimed under this session? Not after a claim whose answer was lost: what it took is then always the last
 * that the storage lent under this session.
 */
export const mayClaim = (session: Session): boolean =>
  session.state === "live" && !session.isFenced && !session.isTainted

/** Is there nothing left that this session is needed for? */
export const isIdle = (session: Session): boolean => session.held === 0 && session.claiming === 0

/** Is its lease over by this process's clock? A process that was frozen may ask before its timekeeper has noticed. */
export const isOver = (session: Session, nowMillis: number): boolean => session.deadlineMillis <= nowMillis

/**
 * Takes over what a heart has achieved: a renewal counts from the moment it was sent, also while its answer waits to be
 * heard.
 */
export const catchUp = (session: Session, leaseMillis: number): void => {
  if (session.keeping === null || session.state !== "live") return
  const renewed = deadlineMillis(session.keeping.sentMillis(), leaseMillis, Defaults.leaseMarginShare)
  if (renewed > session.deadlineMillis) session.deadlineMillis = renewed
}

/** Nothing renews this session beside the event loop any more. */
export const letGo = (session: Session): void => {
  session.keeping?.stop()
  session.keeping = null
}

/** The deadline that a request for a lease gives when it succeeds: reckoned from before it was sent. */
export const deadlineMillis = (sentMillis: number, leaseMillis: number, marginShare: number): number =>
  sentMillis + leaseMillis * (1 - marginShare)
