/**
 * A scenario: what is done to a contender and which figures come out.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Arena } from "./Arena.ts"
import type { BenchmarkFailed } from "./BenchmarkFailed.ts"
import type { Entry } from "./contenders/Registry.ts"
import type { Production } from "./Protocol.ts"
import type { Sample } from "./Sample.ts"
import type { Settings } from "./Settings.ts"

/** What a scenario is about: more jobs per second, or less waiting. */
export type Goal = "throughput" | "latency"

/** One scenario. */
export interface Scenario {
  /** Name on the command line and in result files. */
  readonly name: string
  readonly title: string
  /** What is measured, in one line under the table's title. */
  readonly summary: (settings: Settings) => string
  readonly goal: Goal
  /** Runs only `heavyRounds` rounds. */
  readonly heavy: boolean
  /** Stores it makes sense on. */
  readonly stores: ReadonlyArray<"postgres" | "redis">
  /** The contenders that it is about. Defaults to all that are no guests. */
  readonly contenders?: ReadonlyArray<string>
  /** Does it to one contender on fresh stores. */
  readonly run: (arena: Arena) => Effect.Effect<Sample, BenchmarkFailed, Scope.Scope>
}

/** Bulk production of `count` jobs from number `from`, as a backlog is laid out. */
export const production = (
  settings: Settings,
  from: number,
  count: number,
  part: Partial<Production> = {}
): Production => ({
  from,
  count,
  inFlight: 1,
  chunk: settings.bulkChunk,
  payloadBytes: settings.payloadBytes,
  tenants: 0,
  ...part
})

/** Tells whether a contender takes part in a scenario. */
export const takesPart = (
  { contenders, stores }: Scenario,
  { guest, name, store }: Pick<Entry, "guest" | "name" | "store">
): boolean => stores.includes(store) && (contenders === undefined ? guest !== true : contenders.includes(name))
