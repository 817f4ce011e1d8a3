/**
 * `millrace stats`: totals now, or how the queues did from samples.
 *
 * @since 0.1.0
 */
import type { Stats } from "@millrace/api/QueueView"
import { HistoryRange } from "@millrace/api/StatsApi"
import type { HistoryView, SampleView, SpreadView } from "@millrace/api/StatsView"
import { states } from "@millrace/storage/JobState"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Failure from "./Failure.ts"
import * as JobFlags from "./JobFlags.ts"
import * as Output from "./Output.ts"
import * as Request from "./Request.ts"
import * as Server from "./Server.ts"
import * as Table from "./Table.ts"

/**
 * The totals as text.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const statsText = ({ jobs, queues, workers }: Stats): string =>
  Table.fields([
    ...states.map((state) => [state, String(jobs[state])] as const),
    ["queues", `${queues.total} (${queues.paused} paused)`],
    ["workers", `${workers.total} (${workers.active} active, ${workers.idle} idle)`],
    ["slots", `${workers.running} of ${workers.slots} in use`]
  ])

/**
 * A history as a table, oldest step first: depth, age, what ended, and how long it waited and ran (half and 95 % of it).
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const historyText = ({ items, queue }: typeof HistoryView.Type): string =>
  items.length === 0
    ? `no samples of ${queue === null ? "the queues" : `the queue ${queue}`} in this time: workers take one a minute`
    : Table.render<typeof SampleView.Type>([
      { head: "AT", of: (sample) => Output.instant(sample.at) },
      ...(["available", "running", "retryable"] as const).map((state): Table.Column<typeof SampleView.Type> => ({
        head: state.toUpperCase(),
        of: (sample) => sample.counts[state],
        right: true
      })),
      { head: "OLDEST", of: (sample) => seconds(sample.oldestWaitingMillis), right: true },
      { head: "COMPLETED", of: (sample) => sample.completed, right: true },
      { head: "DEAD", of: (sample) => sample.dead, right: true },
      { head: "WAITED", of: (sample) => spread(sample.waits), right: true },
      { head: "RAN", of: (sample) => spread(sample.runs), right: true },
      { head: "WORKERS", of: (sample) => sample.workers, right: true }
    ], items)

const seconds = (millis: number | null): string => millis === null ? "" : `${(millis / 1000).toFixed(1)} s`

const spread = (of: typeof SpreadView.Type | null): string =>
  of === null ? "" : `${seconds(of.p50)} / ${seconds(of.p95)}`

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

const flags = {
  history: Flag.Boolean("history").pipe(
    Flag.withDescription("How the queues did, from the samples that workers take every minute"),
    Flag.withDefault(false)
  ),
  queue: text("queue", "With --history: only this queue"),
  from: JobFlags.instant("from", "With --history: from this instant on; defaults to an hour before --to"),
  to: JobFlags.instant("to", "With --history: up to this instant; defaults to now"),
  step: text("step", "With --history: how long a line is, such as \"5 minutes\"; defaults to what makes 120 or fewer")
}

type Given = Command.Command.Config.Infer<typeof flags>

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("stats", flags, (given) => given.history ? history(given) : totals(given)).pipe(
  Command.withDescription("Count jobs by state, queues and workers, now or over time"),
  Command.withExamples([
    { command: "millrace stats", description: "What is there now" },
    { command: "millrace stats --history --queue mail --step \"5 minutes\"", description: "How the queue mail did" }
  ])
)

const totals = Effect.fnUntraced(function*({ from, queue, step, to }: Given) {
  const idle = Object.entries({ from, queue, step, to }).find(([, value]) => Option.isSome<unknown>(value))
  if (idle !== undefined) {
    return yield* Failure.usage(`--${idle[0]}`, "says nothing of what is there now", "Add --history")
  }
  const found = yield* Server.ask((client) => client.queues.stats())
  yield* Output.answer(found, () => statsText(found))
})

const history = Effect.fnUntraced(function*({ from, queue, step, to }: Given) {
  const query = yield* Request.decode(
    HistoryRange,
    Request.definedOf({
      queue,
      step,
      from: Option.map(from, DateTime.formatIso),
      to: Option.map(to, DateTime.formatIso)
    })
  )
  const found = yield* Server.ask((client) => client.stats.history({ query }))
  yield* Output.answer(found, () => historyText(found))
})
