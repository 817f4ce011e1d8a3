/**
 * The summary of a storm, for eyes and for machines.
 */
import type { StormResult } from "./Storm.ts"
import type { FaultCounts, StormSettings } from "./StormSettings.ts"
import type { Violation } from "./Verdict.ts"

const thousands = (count: number): string => count.toLocaleString("en-US")

/** What is about to happen. */
export const heading = (settings: StormSettings, seed: number): string =>
  `Crash run with seed ${seed}: ${thousands(settings.jobs)} jobs, ${settings.workers} workers of ` +
  `${settings.concurrency} slots with default settings, one of them an hour ahead; faults over ${settings.faultSeconds} s`

/** The summary. */
export const render = (result: StormResult): string => {
  const { counts, listenersDetectedMillis, seconds, verdict } = result
  const slowest = Math.max(0, ...listenersDetectedMillis)
  const ofFinished = (verdict.reExecutionsOfFinished / Math.max(1, counts.kills() + counts.sigstops)).toFixed(2)
  return [
    "",
    `Of ${thousands(verdict.acknowledged)} acknowledged, ${thousands(verdict.survived)} survived: ` +
    `${verdict.lost} lost, ${verdict.stuck} stuck, ${verdict.staleAccepted} stale writes accepted ` +
    `(of ${thousands(verdict.staleTried)} tried).`,
    `Workers killed ${counts.kills()} times, aborted by poison ${counts.aborts()}, frozen past their lease ` +
    `${counts.sigstops}, restarted gracefully ${counts.restarts} times each.`,
    `Database crashed ${counts.databaseCrashes} times; ${counts.sessionKills} sessions ended; half-open: ` +
    `${counts.halfOpen} listeners, ${counts.halfOpenQueries} other connections; ${counts.cuts} cut; tables locked ` +
    `${counts.locks} times.`,
    `Re-executions: ${verdict.reExecutions}, of ${verdict.reExecutionsBound} jobs in flight at kills and freezes; ` +
    `${verdict.reExecutionsUnexplained} by anything else (database crashes, sessions, connections). ` +
    `Of work that had ended: ${verdict.reExecutionsOfFinished} (${ofFinished} a kill).`,
    `Poison: ${verdict.poisonDead} dead with reason crashed. Others dead, each after three kills of its own: ` +
    `${verdict.deadByKills}.`,
    ...(listenersDetectedMillis.length === 0
      ? []
      : [`Half-open listeners replaced: ${listenersDetectedMillis.length}, the slowest after ${slowest} ms.`]),
    `${thousands(verdict.executions)} executions; faults ${seconds.faults.toFixed(0)} s, drained in ` +
    `${seconds.drain.toFixed(1)} s, all in ${seconds.total.toFixed(0)} s.`,
    verdict.violations.length === 0 ? "No rule broken." : `BROKEN: ${verdict.violations.length} violations.`
  ].join("\n")
}

/** The figures as data. */
export const toJson = (
  settings: StormSettings,
  { counts, listenersDetectedMillis, seconds, seed, verdict }: StormResult
) => ({
  seed,
  acknowledged: verdict.acknowledged,
  survived: verdict.survived,
  lost: verdict.lost,
  stuck: verdict.stuck,
  staleAccepted: verdict.staleAccepted,
  staleTried: verdict.staleTried,
  workerKills: counts.kills(),
  workerAborts: counts.aborts(),
  sigstops: counts.sigstops,
  databaseCrashes: counts.databaseCrashes,
  sessionKills: counts.sessionKills,
  halfOpen: counts.halfOpen,
  halfOpenQueries: counts.halfOpenQueries,
  cuts: counts.cuts,
  lockedTables: counts.locks,
  rollingRestarts: counts.restarts,
  jobs: verdict.acknowledged + verdict.unacknowledged,
  executions: verdict.executions,
  reExecutions: verdict.reExecutions,
  reExecutionsBound: verdict.reExecutionsBound,
  reExecutionsOfFinished: verdict.reExecutionsOfFinished,
  reExecutionsByDatabaseCrashes: verdict.reExecutionsUnexplained,
  deadByKills: verdict.deadByKills,
  poisonDead: verdict.poisonDead,
  halfOpenDetectedMillis: listenersDetectedMillis,
  violations: verdict.violations,
  seconds,
  settings
})

const done = ({ counts }: StormResult): FaultCounts => ({
  kill: counts.kills(),
  freeze: counts.sigstops,
  crashDatabase: counts.databaseCrashes,
  endSession: counts.sessionKills,
  silenceListener: counts.halfOpen,
  silenceQuery: counts.halfOpenQueries,
  cut: counts.cuts,
  lockTables: counts.locks,
  rollingRestart: counts.restarts
})

/** The share of the planned faults that must have happened: a run that did less has proved less. */
const enough = 0.9

/** What the run did too little of. */
const shortfalls = (settings: StormSettings, result: StormResult): ReadonlyArray<string> => {
  const happened = done(result)
  const faults = Object.entries(settings.faults).flatMap(([name, planned]) => {
    const count = happened[name as keyof FaultCounts]
    return count >= planned * enough ? [] : [`${name} happened ${count} times instead of ${planned}`]
  })
  const { acknowledged, poisonDead } = result.verdict
  return [
    ...faults,
    ...(acknowledged >= settings.jobs ? [] : [`${acknowledged} jobs instead of ${settings.jobs}`]),
    ...(poisonDead >= settings.poison ? [] : [`${poisonDead} poison jobs dead instead of ${settings.poison}`])
  ]
}

/** Violations shown in full. */
const shown = 20

const lineOf = ({ detail, id, rule }: Violation): string => `${rule}: ${id === null ? "" : `job ${id} `}${detail}`

/** What went wrong, with the histories of the jobs; empty when nothing did. */
export const complaints = (settings: StormSettings, result: StormResult): string => {
  const { violations } = result.verdict
  const more = violations.length > shown ? [`… and ${violations.length - shown} more`] : []
  return [...shortfalls(settings, result), ...violations.slice(0, shown).map(lineOf), ...more].join("\n")
}
