/**
 * One queue of a worker: its slots, the claims that wait for one, and how fast it works.
 */
import * as Latch from "effect/Latch"
import * as Defaults from "../Defaults.ts"
import type { Held } from "./claimTable.ts"
import type { QueueSettings } from "./settings.ts"

/** A queue with its slots and buffer. */
export interface Lane {
  readonly settings: QueueSettings
  /** Wakes the claimer of this queue. */
  readonly claimWake: Latch.Latch
  /** Wakes the runner of this queue. */
  readonly runWake: Latch.Latch
  /** Claims that wait for a slot, oldest first. */
  buffer: Array<Held>
  /** Slots that there are: fixed, or as the adjuster likes. */
  slots: number
  /** Slots that there were when the claim under way was asked for: what it brought starts in them, whatever there are now. */
  promised: number
  /** Slots taken by handlers. */
  running: number
  /** Slots that were taken at the same time, at most, since the adjuster looked. */
  peak: number
  /** The last claim got less than it asked for: there is nothing more until the storage says so, or the next poll. */
  isDrained: boolean
  /** Pause before the next look for jobs whose limits were full, in milliseconds; Infinity when none was seen lately. */
  gatedPauseMillis: number
  /** Attempts that ended since the pace was last measured. */
  ended: number
  measuredMillis: number
  /** Attempts that end per millisecond. */
  pace: number
}

/** An idle queue. */
export const make = (settings: QueueSettings, nowMillis: number): Lane => ({
  settings,
  claimWake: Latch.makeUnsafe(false),
  runWake: Latch.makeUnsafe(false),
  buffer: [],
  slots: settings.concurrency,
  promised: 0,
  running: 0,
  peak: 0,
  isDrained: false,
  gatedPauseMillis: Infinity,
  ended: 0,
  measuredMillis: nowMillis,
  pace: 0
})

/** Slots that nobody has and no claim waits for. */
export const freeSlots = (lane: Lane): number => Math.max(0, lane.slots - lane.running - lane.buffer.length)

/**
 * Jobs of one turn of a tenant, in a claim of so many.
 *
 * Small claims take small turns: with two workers and five tenants, turns of 20 put the shares of the first 500 jobs up
 * to 8 % off, turns of 10 up to 4 %. Not smaller, for a weight counts in whole jobs of a turn: ten make tenths.
 */
export const turn = (limit: number, perTenant: number): number =>
  Math.min(perTenant, Math.max(turnMin, Math.ceil(limit / turnMin)))

const turnMin = 10

/** A job under limits has ended: another one may have room now. */
export const reopen = (lane: Lane): void => {
  lane.isDrained = false
  lane.claimWake.openUnsafe()
}

/**
 * Notes how many jobs under limits a claim brought.
 *
 * Limits open with time, and by what other workers do: after a claim that brought some the next look comes soon, and
 * each look in vain doubles the pause, up to that of an idle worker.
 */
export const noteGated = (lane: Lane, count: number): void => {
  lane.gatedPauseMillis = count > 0 ? Defaults.gatedPollMillis : lane.gatedPauseMillis * 2
}

/** Least time over which the pace is measured, and in which half of the old pace is forgotten, in milliseconds. */
const paceMillis = 20

/** Measures the pace anew when enough time has passed. After a long silence nothing is left of the old pace. */
export const measurePace = (lane: Lane, nowMillis: number): void => {
  const elapsed = nowMillis - lane.measuredMillis
  if (elapsed < paceMillis) return
  const kept = 2 ** (-elapsed / paceMillis)
  lane.pace = kept * lane.pace + (1 - kept) * (lane.ended / elapsed)
  lane.ended = 0
  lane.measuredMillis = nowMillis
}

/** Claims to hold ahead of free slots: as many as start within the horizon at the present pace. */
export const ahead = ({ pace, settings }: Lane): number =>
  Math.min(settings.prefetch, Math.floor(pace * Defaults.prefetchHorizonMillis))

/**
 * How many jobs to claim now.
 *
 * Free slots are filled at once. The buffer is filled up only when it is half empty, so that a busy queue asks for many
 * jobs now and then, not for one at every end of an attempt.
 */
export const wanted = (lane: Lane, room: number): number => {
  const target = ahead(lane)
  const free = lane.slots - lane.running - lane.buffer.length
  const isLow = free > 0 || -free < target / 2
  return isLow ? Math.max(0, Math.min(Defaults.claimBatch, free + target, room)) : 0
}
