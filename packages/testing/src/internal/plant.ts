/**
 * A place for planting a bug: the storage itself, and the storage as one worker sees it.
 */
import type * as MemoryStorage from "@millrace/storage/MemoryStorage"
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

/** Nothing is planted. */
export const nothing: Plant = { storage: (storage) => storage, worker: (storage) => storage }
