/**
 * `millrace top`: queues, workers and throughput, drawn again every two seconds.
 *
 * @since 0.1.0
 */
import type { QueueView, Stats, WorkerView } from "@millrace/api/QueueView"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Output from "./Output.ts"
import { queuesText, workersText } from "./QueuesCommand.ts"
import * as Server from "./Server.ts"
import * as Settings from "./Settings.ts"

/**
 * What is drawn: one look at the server.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Look {
  readonly atMillis: number
  readonly queues: ReadonlyArray<QueueView>
  readonly workers: ReadonlyArray<WorkerView>
  readonly stats: Stats
}

/**
 * Jobs a second between two looks: how many completed and died. Null before the second look.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Pace {
  readonly completed: number
  readonly dead: number
}

/**
 * Computes the pace between two looks. Pruned history can not make it negative.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const paceOf = (before: Look | null, now: Look): Pace | null => {
  if (before === null || now.atMillis <= before.atMillis) return null
  const seconds = (now.atMillis - before.atMillis) / 1000
  const rate = (state: "completed" | "dead") => Math.max(0, now.stats.jobs[state] - before.stats.jobs[state]) / seconds
  return { completed: rate("completed"), dead: rate("dead") }
}

/**
 * Draws a look.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const render = (
  url: string,
  { queues, stats: { jobs, workers }, workers: processes }: Look,
  pace: Pace | null
): string =>
  [
    `millrace ${url}`,
    `${jobs.available} available, ${jobs.running} running, ${
      jobs.scheduled + jobs.retryable
    } for later, ${jobs.dead} dead`,
    pace === null ? "…" : `${pace.completed.toFixed(1)} completed/s, ${pace.dead.toFixed(1)} dead/s`,
    `${workers.total} workers, ${workers.running} of ${workers.slots} slots in use`,
    "",
    queuesText(queues),
    "",
    workersText(processes)
  ].join("\n")

const look = Effect.gen(function*() {
  const [queues, workers, stats] = yield* Effect.all([
    Server.ask((client) => client.queues.list()),
    Server.ask((client) => client.queues.workers()),
    Server.ask((client) => client.queues.stats())
  ], { concurrency: 3 })
  return { atMillis: yield* Clock.currentTimeMillis, queues: queues.items, workers: workers.items, stats }
})

/** Home, and clear what is below: no flicker, as a full clear would have. */
const clear = "\u001b[H\u001b[J"

const flags = {
  interval: Flag.String("interval").pipe(
    Flag.withDescription("Time between two looks. Defaults to \"2 seconds\""),
    Flag.withDefault("2 seconds"),
    Flag.filterMap(
      (text) =>
        Option.filter(Duration.fromInput(text as Duration.Input), (duration) => Duration.toMillis(duration) >= 100),
      (text) => `"${text}" is no duration of at least 100 millis, such as "2 seconds"`
    )
  ),
  count: Flag.Int("count").pipe(
    Flag.withDescription("Looks until it ends. Defaults to no end"),
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
    Flag.optional
  )
}

/**
 * The command. With `--json` one line for each look.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make(
  "top",
  flags,
  Effect.fnUntraced(function*({ count, interval }) {
    const url = yield* Settings.Url
    let before: Look | null = null
    for (let number = 1; number <= Option.getOrElse(count, () => Infinity); number++) {
      if (number > 1) yield* Effect.sleep(interval)
      const now: Look = yield* look
      const pace = paceOf(before, now)
      yield* Output.event({ ...now, pace }, () => `${number > 1 ? clear : ""}${render(url, now, pace)}`)
      before = now
    }
  })
).pipe(Command.withDescription("Watch queues, workers and throughput; Ctrl-C ends it"))
