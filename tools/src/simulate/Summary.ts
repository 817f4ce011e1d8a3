/**
 * The sum of many simulations, and the line that tells it.
 */

/** What one process found, or all of them together. */
export interface Summary {
  readonly seeds: number
  readonly failed: ReadonlyArray<Failure>
  readonly jobs: number
  readonly executions: number
  readonly faults: number
  readonly events: number
  readonly virtualMillis: number
}

/** A seed that broke an invariant. */
export interface Failure {
  readonly seed: number
  readonly invariant: string
  readonly detail: string
}

/** Nothing was simulated. */
export const none: Summary = { seeds: 0, failed: [], jobs: 0, executions: 0, faults: 0, events: 0, virtualMillis: 0 }

/** Both together; failures in the order of their seeds. */
export const add = (a: Summary, b: Summary): Summary => ({
  seeds: a.seeds + b.seeds,
  failed: [...a.failed, ...b.failed].toSorted((one, other) => one.seed - other.seed),
  jobs: a.jobs + b.jobs,
  executions: a.executions + b.executions,
  faults: a.faults + b.faults,
  events: a.events + b.events,
  virtualMillis: a.virtualMillis + b.virtualMillis
})

const hourMillis = 3_600_000

/** One line: what was run, and whether it held. */
export const render = (summary: Summary, seconds: number): string => {
  const { events, executions, failed, faults, jobs, seeds, virtualMillis } = summary
  const verdict = failed.length === 0
    ? "all invariants held"
    : `${failed.length} broke an invariant, first seed ${failed[0]?.seed} (${failed[0]?.invariant})`
  return `simulated ${seeds} seeds in ${
    seconds.toFixed(1)
  } s: ${jobs} jobs, ${executions} executions, ${faults} faults, ${events} events, ${
    (virtualMillis / hourMillis).toFixed(1)
  } virtual hours; ${verdict}`
}
