/**
 * `millrace queues` and `millrace workers`: queues with their counts, and workers.
 *
 * @since 0.1.0
 */
import type { QueueView, WorkerView } from "@millrace/api/QueueView"
import { states } from "@millrace/storage/JobState"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Output from "./Output.ts"
import * as Server from "./Server.ts"
import * as Table from "./Table.ts"

/**
 * Queues as a table.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const queuesText = (queues: ReadonlyArray<QueueView>): string =>
  Table.render([
    { head: "QUEUE", of: (queue) => queue.name },
    { head: "PAUSED", of: (queue) => queue.paused ? "yes" : "" },
    ...states.map((state): Table.Column<QueueView> => ({
      head: state.toUpperCase(),
      of: (queue) => queue.counts[state],
      right: true
    }))
  ], queues)

/**
 * Workers as a table.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const workersText = (workers: ReadonlyArray<WorkerView>): string =>
  Table.render([
    { head: "WORKER", of: (worker) => worker.id },
    { head: "HOST", of: (worker) => worker.host },
    { head: "PID", of: (worker) => String(worker.pid), right: true },
    { head: "RELEASE", of: (worker) => worker.release },
    { head: "QUEUES", of: (worker) => worker.queues.join(",") },
    { head: "RUNNING", of: (worker) => `${worker.running}/${worker.concurrency * worker.queues.length}`, right: true },
    { head: "STARTED AT", of: (worker) => Output.instant(worker.startedAt) },
    { head: "RENEWED AT", of: (worker) => Output.instant(worker.renewedAt) }
  ], workers)

const showQueues = Effect.fnUntraced(function*() {
  const { items } = yield* Server.ask((client) => client.queues.list())
  yield* Output.answer(items, () => queuesText(items))
})

const names = Argument.String("queue").pipe(Argument.withDescription("The name of a queue"), Argument.atLeast(1))

const pause = Command.make(
  "pause",
  { names },
  Effect.fnUntraced(function*({ names }) {
    const done = yield* Effect.forEach(
      names,
      (name) => Server.ask((client) => client.queues.pause({ params: { name } }))
    )
    yield* Output.answer(done, () => done.map(({ name }) => `queue ${name}: paused`).join("\n"))
  })
).pipe(Command.withDescription("Keep all workers from claiming jobs of queues; jobs that run go on"))

const resume = Command.make(
  "resume",
  { names },
  Effect.fnUntraced(function*({ names }) {
    const done = yield* Effect.forEach(
      names,
      (name) => Server.ask((client) => client.queues.resume({ params: { name } }))
    )
    yield* Output.answer(done, () => done.map(({ name }) => `queue ${name}: resumed`).join("\n"))
  })
).pipe(Command.withDescription("Let workers claim jobs of queues again"))

const list = Command.make("list", {}, showQueues).pipe(Command.withDescription("List queues with their counts"))

/**
 * The command `queues`.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const queues = Command.make("queues", {}, showQueues).pipe(
  Command.withDescription("List, pause and resume queues"),
  Command.withSubcommands([list, pause, resume])
)

/**
 * The command `workers`.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const workers = Command.make(
  "workers",
  {},
  Effect.fnUntraced(function*() {
    const { items } = yield* Server.ask((client) => client.queues.workers())
    yield* Output.answer(items, () => workersText(items))
  })
).pipe(Command.withDescription("List worker processes and what they run"))
