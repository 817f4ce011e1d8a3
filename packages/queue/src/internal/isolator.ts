/**
 * Isolator: runs suspects, jobs that died with their worker, one at a time and with nothing beside them.
 *
 * When the next one kills the process too, no innocent job is hurt. It stops ordinary claims, waits until nothing runs,
 * and claims a suspect. Ordinary work and isolation share the time: after a round of isolation, and after a wait that was
 * in vain, ordinary work goes on for as long. Each worker starts after a random delay, so that not all stop at once.
 */
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Defaults from "../Defaults.ts"
import * as Claimer from "./claimer.ts"
import * as ClaimTable from "./claimTable.ts"
import type * as Lane from "./lane.ts"
import * as Loop from "./loop.ts"
import * as StorageCall from "./storageCall.ts"
import * as Workshop from "./workshop.ts"

/** What the isolator remembers between rounds. */
interface Memory {
  /** How long to wait for ordinary jobs to end. */
  patienceMillis: number
  /** Rounds in a row that found nothing: suspects of other names, or of paused queues. */
  emptyRounds: number
  /** The next round starts at this monotonic time; null when none is planned. */
  plannedMillis: number | null
  /** Ordinary work goes on until then. */
  notBeforeMillis: number
}

/** The isolator of a worker. */
export const make = (shop: Workshop.Workshop): Loop.Actor<StorageError> => {
  const memory: Memory = {
    patienceMillis: Defaults.isolationMillis,
    emptyRounds: 0,
    plannedMillis: null,
    notBeforeMillis: -Infinity
  }
  return { name: "isolator", wake: shop.wakes.isolator, step: step(shop, memory) }
}

const step = (shop: Workshop.Workshop, memory: Memory): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.suspend(() => {
    if (!shop.hasSuspects || shop.isStopping) return Effect.succeed(Loop.untilWoken)
    const nowMillis = Workshop.nowMillis(shop)
    if (memory.plannedMillis === null) return Effect.map(Random.next, (unit) => plan(shop, memory, nowMillis, unit))
    // Another wake-up does not bring the round forward.
    return nowMillis < memory.plannedMillis
      ? Effect.succeed(Loop.exactly(Math.ceil(memory.plannedMillis - nowMillis)))
      : round(shop, memory)
  })

const plan = (shop: Workshop.Workshop, memory: Memory, nowMillis: number, unit: number): Loop.Pause => {
  // A worker that runs nothing gives up nothing: it need not wait for others to go first.
  const spread = isQuiet(shop) && memory.emptyRounds < emptyRoundsMax ? 0 : delayMillis(shop, memory) * unit
  memory.plannedMillis = Math.max(nowMillis + spread, memory.notBeforeMillis)
  return Loop.again
}

/** A few rounds are in vain because others were faster; after more the suspects are none that this worker can run. */
const emptyRoundsMax = 4

/** Workers spread their rounds over a third of a lease; rounds in vain make it longer, up to 16 leases. */
const delayMillis = (shop: Workshop.Workshop, { emptyRounds }: Memory): number =>
  shop.settings.leaseMillis * Math.min(2 ** emptyRounds / Defaults.renewalsPerLease, 16)

const round = (shop: Workshop.Workshop, memory: Memory): Effect.Effect<Loop.Pause, StorageError> =>
  Effect.gen(function*() {
    const startMillis = Workshop.nowMillis(shop)
    shop.isIsolating = true
    const isAlone = yield* StorageCall.atMost(
      ClaimTable.waitUntil(shop.table, () => isQuiet(shop) || shop.isStopping),
      memory.patienceMillis
    )
    const found = isAlone && !shop.isStopping ? yield* runSuspects(shop, startMillis + Defaults.isolationMillis) : null
    const spentMillis = Workshop.nowMillis(shop) - startMillis
    return remember(shop, memory, found, spentMillis)
  }).pipe(
    Effect.ensuring(Effect.sync(() => {
      shop.isIsolating = false
      Workshop.wakeClaimers(shop)
    }))
  )

const isQuiet = (shop: Workshop.Workshop): boolean => shop.table.held.size === 0 && shop.table.claiming === 0

/** What a round brought: the number of suspects that ran, null when ordinary jobs did not end in time. */
const remember = (
  shop: Workshop.Workshop,
  memory: Memory,
  found: number | null,
  spentMillis: number
): Loop.Pause => {
  memory.notBeforeMillis = Workshop.nowMillis(shop) + spentMillis
  if (found === null) {
    memory.patienceMillis = Math.min(Defaults.isolationCapMillis, memory.patienceMillis * 2)
    memory.plannedMillis = memory.notBeforeMillis
    return Loop.again
  }
  memory.patienceMillis = Defaults.isolationMillis
  memory.emptyRounds = found === 0 ? memory.emptyRounds + 1 : 0
  memory.plannedMillis = null
  // The next renewal says whether there are more.
  shop.hasSuspects = false
  return Loop.untilWoken
}

/** Runs suspects of all queues, one at a time, until none is left or the round's time is over. */
const runSuspects = (shop: Workshop.Workshop, untilMillis: number): Effect.Effect<number, StorageError> =>
  Effect.gen(function*() {
    let found = 0
    let isMore = true
    while (isMore) {
      isMore = false
      for (const lane of shop.lanes) {
        if (yield* runSuspect(shop, lane)) {
          found += 1
          isMore = true
        }
        if (shop.isStopping || Workshop.nowMillis(shop) >= untilMillis) return found
      }
    }
    return found
  })

/** Runs one suspect of a queue to its end, or until it is stuck: it must not hold up the worker for ever. */
const runSuspect = (shop: Workshop.Workshop, lane: Lane.Lane): Effect.Effect<boolean, StorageError> =>
  Effect.gen(function*() {
    if (shop.handlers.size === 0 || shop.session.state !== "live" || shop.session.isFenced) return false
    const { count } = yield* Claimer.claim(shop, lane, () => 1, true)
    if (count === 0) return false
    yield* ClaimTable.waitUntil(shop.table, () => isQuiet(shop) || isStuck(shop))
    return true
  })

const isStuck = (shop: Workshop.Workshop): boolean => {
  for (const held of shop.table.held) if (held.isStuck) return true
  return false
}
