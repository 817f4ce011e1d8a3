/**
 * Simulations of whole clusters: the real engine with several workers over a storage in memory, on virtual time, under
 * faults.
 *
 * A seed decides everything: jobs, faults, what is late, what is lost, and which fiber goes first. The same seed gives the
 * same run, event by event, so a seed that fails is a test that fails. While it runs and at its end the invariants of
 * ARCHITECTURE.md are checked from outside: by what reached the storage and what it answered, and by a ledger of the
 * handlers that really ran.
 *
 * @since 0.1.0
 */
import type { Breach as JournalBreach } from "./internal/journal.ts"
import * as Plants from "./internal/plant.ts"
import { play } from "./internal/play.ts"
import { shrink as shrinkScenario } from "./internal/shrink.ts"
import type { PlantedBug } from "./PlantedBug.ts"
import type { Scenario } from "./Scenario.ts"

/**
 * A broken invariant: `I1` to `I14`, or the name of another promise; what happened; and when, in virtual milliseconds.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Breach = JournalBreach

/**
 * What came of a simulation.
 *
 * **Details**
 *
 * - `breach`: the first broken invariant, null when all held
 * - `hash`: of all events in their order; equal for equal runs
 * - `events`: calls of the storage and happenings; `steps`: tasks of fibers, timers and messages
 * - `virtualMillis`: how long it took on virtual time
 * - `jobs` stored, `executions` of handlers, `faults` planned
 * - `lines`: the last events, as text
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly scenario: Scenario
  readonly breach: Breach | null
  readonly hash: string
  readonly events: number
  readonly steps: number
  readonly virtualMillis: number
  readonly jobs: number
  readonly executions: number
  readonly faults: number
  readonly lines: ReadonlyArray<string>
}

/**
 * Options of a simulation.
 *
 * **Details**
 *
 * - `bug`: planted into it. Defaults to none
 * - `lines`: events to keep as text. Defaults to 0
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly bug?: PlantedBug
  readonly lines?: number
}

/**
 * Runs a scenario to its end, or to the first broken invariant.
 *
 * **Details**
 *
 * Runs on the calling thread in one go, some 20 ms, and needs neither time to pass nor an event loop.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const run = (scenario: Scenario, options: Options = {}): Report => ({
  scenario,
  ...play(scenario, options.bug?.plant ?? Plants.nothing, options.lines ?? 0)
})

/**
 * Shrinks a failing scenario: leaves out whatever is not needed to break the same invariant, with at most `tries` (300)
 * simulations. A scenario that does not fail is answered as it is.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const shrink = (scenario: Scenario, options: Options & { readonly tries?: number } = {}): Scenario => {
  const { breach } = run(scenario, options)
  if (breach === null) return scenario
  const fails = (candidate: Scenario) => run(candidate, options).breach?.invariant === breach.invariant
  return shrinkScenario(scenario, fails, options.tries ?? triesMax)
}

/** Simulations that shrinking a scenario may take. */
const triesMax = 300

/** Events that a failure is told with, and the longest line of one. */
const linesShown = 60
const lineLength = 320

/**
 * Tells a failure to people: the seed, the invariant, what is left of the scenario after shrinking, and its last events.
 * Calls that found nothing to do are left out.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const explain = (scenario: Scenario, options: Options = {}): string => {
  const smallest = shrink(scenario, options)
  const { breach, lines } = run(smallest, { ...options, lines: 100 * linesShown })
  const { commands, faults, jobs, seed, settings, workers } = smallest
  const events = lines.filter((line) => !isIdle(line)).slice(-linesShown)
  const verdict = breach === null ? "holds" : `breaks ${breach.invariant} at ${breach.atMillis} ms: ${breach.detail}`
  return [
    `SEED=${scenario.seed} ${verdict}`,
    `shrunk to ${workers.length} workers, ${jobs.length} jobs, ${commands.length} commands, ${faults.length} faults, dice ${seed}:`,
    ...[settings, ...workers, ...jobs, ...commands, ...faults].map((entry) => `  ${JSON.stringify(entry)}`),
    `last ${events.length} events (virtual milliseconds):`,
    ...events.map((line) => `  ${line.length > lineLength ? `${line.slice(0, lineLength)}…` : line}`)
  ].join("\n")
}

const isIdle = (line: string): boolean =>
  line.endsWith(" -> []") || / promote .*"count":0/.test(line)
  || line.endsWith(" renew {\"_tag\":\"Renewed\",\"cancellations\":[],\"suspects\":false}")
