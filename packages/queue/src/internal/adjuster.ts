/**
 * Adjuster: gives queues more slots or fewer between their bounds, by what there is to do and what the process can bear.
 *
 * It looks once a second and only changes numbers that claimer and runner read: nothing that runs is ended, and nothing is
 * claimed by it. Queues with a fixed number are left alone.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Read } from "../ProcessLoad.ts"
import * as JobLog from "./jobLog.ts"
import type { Lane } from "./lane.ts"
import * as Loop from "./loop.ts"
import * as SlotDecision from "./slotDecision.ts"
import * as Workshop from "./workshop.ts"

/** Pause between two looks, in milliseconds. */
const lookMillis = 1_000

/** A look that comes so much too late, in milliseconds, found a saturated event loop, whatever was measured. */
const lateMillis = 500

/** Fewest milliseconds between two times that the storage is told: a registration is a write. */
const tellMillis = 5_000

/** What it remembers from look to look. */
interface Memory {
  dueMillis: number
  toldMillis: number
  /** The storage knows another number of slots. */
  isNews: boolean
}

/** The adjuster of a worker; none when all of its queues have a fixed number of slots. */
export const make = (shop: Workshop.Workshop, read: Read): ReadonlyArray<Loop.Actor<never>> => {
  const lanes = shop.lanes.filter(({ settings }) => settings.concurrencyMax !== undefined)
  if (lanes.length === 0) return []
  const memory: Memory = { dueMillis: Infinity, toldMillis: -Infinity, isNews: false }
  const step = Effect.sync(() => look(shop, lanes, memory, read))
  return [{ name: "adjuster", wake: Latch.makeUnsafe(false), step }]
}

const look = (shop: Workshop.Workshop, lanes: ReadonlyArray<Lane>, memory: Memory, read: Read): Loop.Pause => {
  const nowMillis = Workshop.nowMillis(shop)
  const measured = read()
  const load = nowMillis - memory.dueMillis >= lateMillis ? 1 : measured
  // The first look only begins to measure.
  const isFirst = memory.dueMillis === Infinity
  memory.dueMillis = nowMillis + lookMillis
  for (const lane of isFirst ? [] : lanes) {
    if (adjust(shop, lane, load)) memory.isNews = true
  }
  if (memory.isNews && nowMillis - memory.toldMillis >= tellMillis) tell(shop, memory, nowMillis)
  return Loop.exactly(lookMillis)
}

/** A worker that may not claim has idle slots for another reason than want of work. */
const adjust = (shop: Workshop.Workshop, lane: Lane, load: number): boolean => {
  const { buffer, isDrained, peak, running, settings, slots } = lane
  lane.peak = running
  if (!Workshop.mayClaim(shop)) return false
  const max = settings.concurrencyMax ?? settings.concurrency
  const isBacklogged = buffer.length > 0 || !isDrained
  const next = SlotDecision.decide({ slots, min: settings.concurrency, max, peak, isBacklogged, load })
  if (next === slots) return false
  lane.slots = next
  JobLog.say(shop, "Debug", `slots of ${settings.queue}: ${next} after ${slots}`, {
    worker: shop.session.workerId,
    load: Math.round(load * 100) / 100,
    peak
  })
  if (next > slots) {
    lane.runWake.openUnsafe()
    lane.claimWake.openUnsafe()
  }
  return true
}

/** The next registration has the number; it is due now. */
const tell = (shop: Workshop.Workshop, memory: Memory, nowMillis: number): void => {
  memory.isNews = false
  memory.toldMillis = nowMillis
  shop.session.isOutdated = true
  Workshop.askForRenewal(shop)
}
