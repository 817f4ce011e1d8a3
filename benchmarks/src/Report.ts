/**
 * The results of a run as text: one table a scenario. Pure.
 */
import type { Entry } from "./contenders/Registry.ts"
import type { Outcome, Summary } from "./Sample.ts"
import type { Scenario } from "./Scenario.ts"
import type { Settings } from "./Settings.ts"
import type { Column } from "./Table.ts"
import * as Table from "./Table.ts"
import * as Verdict from "./Verdict.ts"

/** The results of one contender in one scenario. */
export interface ContenderResult {
  readonly entry: Entry
  readonly outcomes: ReadonlyArray<Outcome>
  readonly summary: Summary
}

/** The limit of our own statements without any JavaScript, where it was measured. */
export interface RawLimit {
  readonly jobsPerSecond: number
  readonly driver: string
}

/** The results of one scenario. */
export interface ScenarioResult {
  readonly scenario: Pick<Scenario, "name" | "title" | "summary" | "goal">
  readonly contenders: ReadonlyArray<ContenderResult>
  readonly rawLimit: RawLimit | null
}

const columns: ReadonlyArray<Column> = [
  { heading: "contender", numeric: false },
  { heading: "jobs", numeric: true },
  { heading: "jobs/s", numeric: true },
  { heading: "low-high", numeric: true },
  { heading: "to best peer", numeric: true },
  { heading: "client us/job", numeric: true },
  { heading: "server us/job", numeric: true },
  { heading: "WAL B/job", numeric: true },
  { heading: "p50 ms", numeric: true },
  { heading: "p99 ms", numeric: true },
  { heading: "exactly once", numeric: false }
]

const grouped = (value: number): string => Math.round(value).toLocaleString("en-US")

const rangeText = (summary: Summary): string => {
  const range = summary.jobsPerSecondRange
  return range === null ? "n/a" : `${grouped(range.low)}-${grouped(range.high)}`
}

const checked = (summary: Summary): string =>
  summary.failures.length === 0 ? "yes" : `FAILED in ${summary.failures.length} of ${summary.rounds}`

/** The results of a scenario as the verdict reads them. */
export const standings = (result: ScenarioResult): ReadonlyArray<Verdict.Standing> =>
  result.contenders.map(({ entry, summary }) => ({
    contender: entry.name,
    ours: entry.ours,
    store: entry.store,
    summary
  }))

const row = (result: ScenarioResult) => ({ entry, summary }: ContenderResult): ReadonlyArray<string> => {
  const all = standings(result)
  const mine = all.find((standing) => standing.contender === entry.name)
  return [
    entry.title,
    grouped(summary.jobs),
    summary.jobsPerSecond === null ? "n/a" : grouped(summary.jobsPerSecond),
    rangeText(summary),
    Table.factor(mine === undefined ? null : Verdict.againstBestPeer(result.scenario.goal, mine, all)),
    Table.number(summary.clientMicrosPerJob),
    Table.number(summary.serverMicrosPerJob),
    summary.walBytesPerJob === null ? "n/a" : grouped(summary.walBytesPerJob),
    Table.number(summary.p50),
    Table.number(summary.p99),
    checked(summary)
  ]
}

const noteLines = (result: ScenarioResult): ReadonlyArray<string> =>
  result.contenders.flatMap(({ entry, summary }) => {
    const notes = Object.entries(summary.notes).map(([name, value]) => `${name} ${Table.number(value)}`)
    return notes.length === 0 ? [] : [`  ${entry.title}: ${notes.join(", ")}`]
  })

const failureLines = (result: ScenarioResult): ReadonlyArray<string> =>
  result.contenders.flatMap(({ entry, summary }) =>
    summary.failures.map((failure) => `  ${entry.title} FAILED: ${failure.split("\n")[0] ?? ""}`)
  )

const limitRows = (limit: RawLimit | null): ReadonlyArray<ReadonlyArray<string>> =>
  limit === null ? [] : [[`raw SQL (${limit.driver})`, "", grouped(limit.jobsPerSecond)]]

/** One scenario as text. */
export const renderScenario = (result: ScenarioResult, settings: Settings): string =>
  [
    `## ${result.scenario.title}`,
    result.scenario.summary(settings),
    "",
    Table.render(columns, [...result.contenders.map(row(result)), ...limitRows(result.rawLimit)]),
    ...noteLines(result),
    ...failureLines(result)
  ].join("\n")

/** Whether any contender failed anywhere. */
export const hasFailures = (results: ReadonlyArray<ScenarioResult>): boolean =>
  results.some((result) => result.contenders.some(({ summary }) => summary.failures.length > 0))
