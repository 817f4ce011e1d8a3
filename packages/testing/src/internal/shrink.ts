/**
 * Shrinks a failing scenario: leaves out jobs, faults, commands and workers as long as the same rule is broken.
 */
import type { Scenario } from "../Scenario.ts"

/** A part of a scenario that can do with less. */
type Part = "faults" | "jobs" | "commands"

const parts: ReadonlyArray<Part> = ["faults", "commands", "jobs"]

/** The smallest scenario found that still fails, with at most so many tries. */
export const shrink = (
  scenario: Scenario,
  fails: (candidate: Scenario) => boolean,
  triesMax: number
): Scenario => {
  const budget = { left: triesMax }
  const stillFails = (candidate: Scenario) => {
    budget.left -= 1
    return budget.left >= 0 && fails(candidate)
  }
  let smallest = scenario
  for (let size = -1; size !== sizeOf(smallest) && budget.left > 0;) {
    size = sizeOf(smallest)
    for (const part of parts) smallest = shrinkPart(smallest, part, stillFails)
    smallest = dropWorkers(smallest, stillFails)
  }
  return smallest
}

const sizeOf = ({ commands, faults, jobs, workers }: Scenario): number =>
  commands.length + faults.length + jobs.length + workers.length

/** Leaves out halves, then quarters, and in the end single entries. */
const shrinkPart = (scenario: Scenario, part: Part, fails: (candidate: Scenario) => boolean): Scenario => {
  let smallest = scenario
  for (let length = Math.ceil(smallest[part].length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let start = 0; start < smallest[part].length;) {
      const candidate = { ...smallest, [part]: without<unknown>(smallest[part], start, length) }
      if (fails(candidate)) smallest = candidate
      else start += length
    }
  }
  return smallest
}

const without = <A>(values: ReadonlyArray<A>, start: number, length: number): ReadonlyArray<A> => [
  ...values.slice(0, start),
  ...values.slice(start + length)
]

/** The last worker goes first: faults name workers by their place. */
const dropWorkers = (scenario: Scenario, fails: (candidate: Scenario) => boolean): Scenario => {
  if (scenario.workers.length <= 1) return scenario
  const candidate = { ...scenario, workers: scenario.workers.slice(0, -1) }
  return fails(candidate) ? dropWorkers(candidate, fails) : scenario
}
