/**
 * Results as the harness would collect them, for the tests of what is made of them.
 */
import type { Entry } from "../src/contenders/Registry.ts"
import type { ContenderResult, ScenarioResult } from "../src/Report.ts"
import type { Outcome, Sample } from "../src/Sample.ts"
import { summarise } from "../src/Sample.ts"
import type { Goal, Scenario } from "../src/Scenario.ts"

export const sample = (part: Partial<Sample>): Sample => ({
  jobs: 1000,
  seconds: 1,
  clientMicrosPerJob: 10,
  serverMicrosPerJob: 20,
  walBytesPerJob: 700,
  p50: null,
  p99: null,
  notes: {},
  ...part
})

export const entry = (part: Partial<Entry> & { readonly name: string }): Entry => ({
  title: part.name,
  store: "postgres",
  module: "",
  ours: false,
  drainShare: 1,
  tuning: "as it comes",
  durability: "is kept",
  ...part
})

export const contender = (part: Partial<Entry> & { readonly name: string }, samples: ReadonlyArray<Sample>) => {
  const outcomes: ReadonlyArray<Outcome> = samples.map((sample, index) => ({ round: index + 1, sample }))
  const result: ContenderResult = { entry: entry(part), outcomes, summary: summarise(outcomes) }
  return result
}

export const failed = (part: Partial<Entry> & { readonly name: string }, failure: string): ContenderResult => {
  const outcomes: ReadonlyArray<Outcome> = [{ round: 1, failure }]
  return { entry: entry(part), outcomes, summary: summarise(outcomes) }
}

const scenario = (name: string, goal: Goal): Pick<Scenario, "name" | "title" | "summary" | "goal"> => ({
  name,
  title: name,
  summary: () => "what is measured",
  goal
})

export const result = (
  name: string,
  goal: Goal,
  contenders: ReadonlyArray<ContenderResult>,
  rawLimit: ScenarioResult["rawLimit"] = null
): ScenarioResult => ({ scenario: scenario(name, goal), contenders, rawLimit })
