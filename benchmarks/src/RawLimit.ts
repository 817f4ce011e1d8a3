/**
 * Measures the limit of our own statements: the contender prepares its store, the statements run
 * alone, the contender counts what came of it.
 */
import * as Effect from "effect/Effect"
import * as Arena from "./Arena.ts"
import { BenchmarkFailed } from "./BenchmarkFailed.ts"
import type { Entry } from "./contenders/Registry.ts"
import * as Measure from "./Measure.ts"
import type { RawScript } from "./RawSql.ts"
import * as RawSql from "./RawSql.ts"
import type { RawLimit } from "./Report.ts"
import { production } from "./Scenario.ts"
import type { Settings } from "./Settings.ts"

/** Sessions that skip each other's locked rows get short batches near the end; more than that is a broken script. */
const leastMoved = 0.9

/** Runs a script once on fresh stores of the entry. */
const once = Effect.fnUntraced(function*(entry: Entry, script: RawScript, settings: Settings) {
  const arena = yield* Arena.make(entry, settings, null)
  const process = yield* arena.coldProcess
  // Whole passes only: the last batch of a drain would be smaller than the others.
  const passes = RawSql.passesPerClient(settings.jobs, script)
  const jobs = passes * script.clients * script.batch
  if (script.prefilled) yield* process.request("enqueueBulk", production(settings, 0, jobs))
  const rate = yield* RawSql.run(arena.postgresUrl, script, jobs)
  const left = yield* process.request("unfinished", null)
  const moved = script.prefilled ? jobs - left : left
  if (moved < jobs * leastMoved || moved > jobs) {
    return yield* new BenchmarkFailed({
      step: `raw SQL of ${script.scenario}`,
      detail: `${jobs} jobs were to be moved, the store says ${moved}`
    })
  }
  return { ...rate, jobsPerSecond: rate.jobsPerSecond * moved / jobs }
}, Effect.scoped)

/** The median limit over the rounds; null when the scenario has no script or the entry is not there. */
export const measure = Effect.fnUntraced(function*(
  entry: Entry | undefined,
  script: RawScript | undefined,
  settings: Settings
) {
  if (entry === undefined || script === undefined) return null
  const rates = yield* Effect.replicateEffect(once(entry, script, settings), settings.rounds)
  const limit: RawLimit = {
    jobsPerSecond: Measure.median(rates.map((rate) => rate.jobsPerSecond)),
    driver: rates[0]?.driver ?? "plpgsql"
  }
  return limit
})
