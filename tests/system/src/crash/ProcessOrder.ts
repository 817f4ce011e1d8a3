/**
 * What a process of a storm is told when it starts: one variable with JSON.
 */
import type { WorkerOptions } from "@millrace/queue/WorkerOptions"

/** The variable. */
const variable = "CRASH_ORDER"

/** The order of a process; a worker looks at `worker`, a producer at `jobs`, `perSecond`, `seed` and `poison`. */
export interface ProcessOrder {
  readonly name: string
  readonly database: string
  readonly ledger: string
  readonly worker: WorkerOptions
  readonly jobs: number
  readonly perSecond: number
  readonly seed: number
  readonly poison: number
  /** The module of the adapter, in a comparison. */
  readonly adapter?: string
  /** What the process of a comparison does. Defaults to `worker`. */
  readonly role?: "setup" | "producer" | "worker" | "observer"
}

/** The order as environment. */
export const toEnvironment = (order: ProcessOrder): { readonly [variable: string]: string } => ({
  [variable]: JSON.stringify(order)
})

/** The order of this process. */
export const read = (environment: NodeJS.ProcessEnv): ProcessOrder => JSON.parse(environment[variable] ?? "{}")
