/**
 * The results of a run as data, for files. Pure but for the two writers at the end.
 */
import * as Effect from "effect/Effect"
import { mkdir, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { failedIn } from "./BenchmarkFailed.ts"
import type { Machine } from "./Machine.ts"
import * as Measure from "./Measure.ts"
import type { ScenarioResult } from "./Report.ts"
import { standings } from "./Report.ts"
import type { Settings } from "./Settings.ts"
import * as Verdict from "./Verdict.ts"

/** What a run was made with. */
export interface Conditions {
  /** ISO 8601, UTC. */
  readonly date: string
  readonly machine: Machine
  readonly settings: Settings
  readonly postgres: { readonly version: string; readonly settings: Readonly<Record<string, string>> }
  readonly redis: string | null
  readonly peers: Readonly<Record<string, string>>
}

/** The ratio of the project to the best PostgreSQL peer, in the scenario of a name. */
const ratioIn = (results: ReadonlyArray<ScenarioResult>, name: string): number | null => {
  const result = results.find(({ scenario }) => scenario.name === name)
  return result === undefined ? null : Verdict.ourRatio(result.scenario.goal, standings(result))
}

/** Our rate over the rate of the raw statements, in the scenario of a name. */
const shareOfLimit = (results: ReadonlyArray<ScenarioResult>, name: string): number | null => {
  const result = results.find(({ scenario }) => scenario.name === name)
  const ours = result?.contenders.find(({ entry }) => entry.ours)
  return Measure.ratio(ours?.summary.jobsPerSecond, result?.rawLimit?.jobsPerSecond)
}

const scenarioData = (result: ScenarioResult, settings: Settings) => ({
  name: result.scenario.name,
  title: result.scenario.title,
  summary: result.scenario.summary(settings),
  goal: result.scenario.goal,
  rawLimit: result.rawLimit,
  ratio: Verdict.ourRatio(result.scenario.goal, standings(result)),
  contenders: result.contenders.map(({ entry, outcomes, summary }) => ({
    name: entry.name,
    store: entry.store,
    tuning: entry.tuning,
    durability: entry.durability,
    summary,
    rounds: outcomes
  }))
})

/** Everything a reader needs to believe the figures, and the four ratios in front. */
export const make = (conditions: Conditions, results: ReadonlyArray<ScenarioResult>) => ({
  ratios: {
    drain: ratioIn(results, "drain-1"),
    enqueueOne: ratioIn(results, "enqueue-one"),
    enqueueBulk: ratioIn(results, "enqueue-bulk"),
    latency: ratioIn(results, "latency")
  },
  drainOfRawLimit: shareOfLimit(results, "drain-1"),
  ...conditions,
  scenarios: results.map((result) => scenarioData(result, conditions.settings))
})

/** Writes data as JSON and makes the directory for it. */
export const write = (path: string, data: unknown) =>
  Effect.tryPromise({
    try: async () => {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, `${JSON.stringify(data, null, 2)}\n`)
    },
    catch: failedIn(`write ${path}`)
  })
