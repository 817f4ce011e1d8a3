/**
 * Bugs to plant into a simulation: the proof that it finds what it looks for.
 *
 * Each stands for a mistake that queues have been shipped with. It is planted into the storage, or between a worker and
 * its storage, never into the code that it tests.
 *
 * @since 0.1.0
 */
import * as FenceBugs from "./internal/bugs/fenceBugs.ts"
import * as FlowBugs from "./internal/bugs/flowBugs.ts"
import * as LeaseBugs from "./internal/bugs/leaseBugs.ts"
import * as LimitBugs from "./internal/bugs/limitBugs.ts"
import type { Plant } from "./internal/plant.ts"

/**
 * A bug and where it is planted.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PlantedBug {
  readonly name: string
  readonly plant: Plant
}

/**
 * All bugs that the simulation is held to find.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<PlantedBug> = [
  ...FenceBugs.bugs,
  ...LeaseBugs.bugs,
  ...FlowBugs.bugs,
  ...LimitBugs.bugs
]
