/**
 * A place for planting a bug: the storage itself, and the storage as one worker sees it.
 */
import type * as MemoryStorage from "@millrace/storage/MemoryStorage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Dice } from "./dice.ts"
import type { Service } from "./network.ts"

/** What a planted bug may use. */
export interface Soil {
  readonly dice: Dice
  readonly nowMillis: () => number
}

/** What is planted. */
export interface Plant {
  /** The storage: its methods are run in one step, on the clock of the storage. */
  readonly storage: (storage: Service, soil: Soil) => Service
  /** The storage as a worker sees it, behind the network: for bugs of the engine. */
  readonly worker: (storage: Service, soil: Soil) => Service
  readonly memory?: MemoryStorage.Options
}

/** A bug that the simulation must find. */
export interface Bug {
  readonly name: string
  readonly plant: Plant
}

/** Nothing is planted. */
export const nothing: Plant = { storage: (storage) => storage, worker: (storage) => storage }

/** A bug of the storage. */
export const inStorage = (storage: Plant["storage"]): Plant => ({ ...nothing, storage })

/** A bug of the engine, as far as the storage can see it. */
export const inWorker = (worker: Plant["worker"]): Plant => ({ ...nothing, worker })

/** A method of the storage at another time: so many milliseconds later than now. */
export const atOtherTime = <A>(
  effect: Effect.Effect<A, StorageError>,
  millis: number
): Effect.Effect<A, StorageError> =>
  Effect.clockWith((clock) => Effect.provideService(effect, Clock.Clock, shifted(clock, millis)))

/** Storages in memory read nothing but the milliseconds. */
const shifted = (clock: Clock.Clock, millis: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + millis,
  currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + millis),
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
  currentTimeNanos: clock.currentTimeNanos,
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  sleep: (duration) => clock.sleep(duration)
})
