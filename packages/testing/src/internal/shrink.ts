/**
 * Shrinks a failing scenario: leaves out jobs, faults, commands and workers as long as the same rule is broken.
 */
import type { Scenario } from "../Scenario.ts"

/** A part of a scenario that can do with less. */
type Part = "faults" | "jobs" | "commands"

const parts: ReadonlyArray<Part> = ["faults", "commands", "jobs"]

/** Answers the candidate as it fails, with whatever dice; null when it holds. */
type Try = (candidate: Scenario) => Scenario | null

/**
 * Dice that a smaller scenario is tried with: what is left out also changes what the dice throw for the rest, and the
 * failure may need other throws.
 */
const dicePerTry = 3

/** The smallest scenario found that still fails, with at most so many simulations. */
export const shrink = (
  scenario: Scenario,
  fails: (candidate: Scenario) => boolean,
  triesMax: number
): Scenario => {
  const budget = { left: triesMax }
  const attempt: Try = (candidate) => {
    for (let throws = 0; throws < dicePerTry && budget.left > 0; throws++) {
      budget.left -= 1
      const other = { ...candidate, seed: candidate.seed + throws }
      if (fails(other)) return other
    }
    return null
  }
  let smallest = scenario
  for (let size = -1; size !== sizeOf(smallest) && budget.left > 0;) {
    size = sizeOf(smallest)
    for (const part of parts) smallest = shrinkPart(smallest, part, attempt)
    smallest = dropWorkers(smallest, attempt)
  }
  return smallest
}

const sizeOf = ({ commands, faults, jobs, workers }: Scenario): number =>
  commands.length + faults.length + jobs.length + workers.length

/** Leaves out halves, then quarters, and in the end single entries. */
const shrinkPart = (scenario: Scenario, part: Part, attempt: Try): Scenario => {
  let smallest = scenario
  for (let length = Math.ceil(smallest[part].length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let start = 0; start < smallest[part].length;) {
      const smaller = attempt({ ...smallest, [part]: without<unknown>(smallest[part], start, length) })
      if (smaller === null) start += length
      else smallest = smaller
    }
  }
  return smallest
}

const without = <A>(values: ReadonlyArray<A>, start: number, length: number): ReadonlyArray<A> => [
  ...values.slice(0, start),
  ...values.slice(start + length)
]

/** The last worker goes first: faults name workers by their place. */
const dropWorkers = (scenario: Scenario, attempt: Try): Scenario => {
  if (scenario.workers.length <= 1) return scenario
  const smaller = attempt({ ...scenario, workers: scenario.workers.slice(0, -1) })
  return smaller === null ? scenario : dropWorkers(smaller, attempt)
}
