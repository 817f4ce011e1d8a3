/**
 * Runs scenarios: every contender, round by round, and collects what comes out.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Arena from "./Arena.ts"
import { rawScripts } from "./contenders/rawScripts.ts"
import type { Entry } from "./contenders/Registry.ts"
import * as Plan from "./Plan.ts"
import * as RawLimit from "./RawLimit.ts"
import type { RedisServer } from "./RedisServer.ts"
import type { ContenderResult, ScenarioResult } from "./Report.ts"
import type { Outcome } from "./Sample.ts"
import * as Sample from "./Sample.ts"
import type { Scenario } from "./Scenario.ts"
import { takesPart } from "./Scenario.ts"
import type { Settings } from "./Settings.ts"
import * as Table from "./Table.ts"

/** What a run is made of. */
export interface Options {
  readonly entries: ReadonlyArray<Entry>
  readonly scenarios: ReadonlyArray<Scenario>
  readonly settings: Settings
  readonly redis: RedisServer | null
  /** Told one line per run. */
  readonly progress: (line: string) => Effect.Effect<void>
  /** Told every scenario when it is through. */
  readonly finished: (result: ScenarioResult) => Effect.Effect<void>
}

/** A run that takes longer than this has hung. */
const runTimeout = "30 minutes"

const describeOutcome = (outcome: Outcome): string =>
  "failure" in outcome
    ? `FAILED: ${outcome.failure}`
    : `${Table.number(Sample.jobsPerSecond(outcome.sample))} jobs/s in ${outcome.sample.seconds.toFixed(2)} s`

const runOnce = Effect.fnUntraced(
  function*(options: Options, scenario: Scenario, entry: Entry) {
    const arena = yield* Arena.make(entry, options.settings, options.redis)
    return yield* scenario.run(arena)
  },
  Effect.scoped,
  Effect.timeout(runTimeout)
)

const runTurn = Effect.fnUntraced(function*(options: Options, scenario: Scenario, turn: Plan.Turn<Entry>) {
  const { contender, round } = turn
  const outcome: Outcome = yield* runOnce(options, scenario, contender).pipe(
    Effect.map((sample) => ({ round, sample })),
    // One contender that breaks is a line in the table, not the end of the run.
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.succeed({ round, failure: Cause.prettyErrors(cause).map((error) => error.message).join("; ") })
    )
  )
  yield* options.progress(`${scenario.name}, round ${round}, ${contender.name}: ${describeOutcome(outcome)}`)
  return { contender, outcome }
})

const collect = (entry: Entry, turns: ReadonlyArray<{ contender: Entry; outcome: Outcome }>): ContenderResult => {
  const outcomes = turns.filter(({ contender }) => contender === entry).map(({ outcome }) => outcome)
  return { entry, outcomes, summary: Sample.summarise(outcomes) }
}

/** Runs one scenario with all contenders that can take part. */
const runScenario = Effect.fnUntraced(function*(options: Options, scenario: Scenario) {
  const entries = options.entries.filter((entry) => takesPart(scenario, entry))
  const rounds = scenario.heavy ? options.settings.heavyRounds : options.settings.rounds
  const turns = yield* Effect.forEach(Plan.turns(entries, rounds), (turn) => runTurn(options, scenario, turn))
  const ours = entries.find((entry) => entry.ours)
  const script = rawScripts.find((script) => script.scenario === scenario.name)
  const result: ScenarioResult = {
    scenario,
    contenders: entries.map((entry) => collect(entry, turns)),
    rawLimit: yield* RawLimit.measure(ours, script, options.settings)
  }
  yield* options.finished(result)
  return result
})

/** Runs all scenarios, one after another. */
export const run = (options: Options) => Effect.forEach(options.scenarios, (scenario) => runScenario(options, scenario))
