/**
 * `millrace jobs`: list, show, explain, steer and follow jobs.
 *
 * @since 0.1.0
 */
import type { ApiClient } from "@millrace/api/ApiClient"
import { ChangeJob } from "@millrace/api/CreateJob"
import type { JobAction } from "@millrace/api/JobView"
import type { JobId } from "@millrace/storage/JobId"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as JobFlags from "./JobFlags.ts"
import * as JobText from "./JobText.ts"
import * as Output from "./Output.ts"
import * as Pages from "./Pages.ts"
import * as Request from "./Request.ts"
import * as Server from "./Server.ts"
import * as Watch from "./Watch.ts"

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

const list = Command.make(
  "list",
  { state: JobFlags.state, ...JobFlags.filters, ...Pages.flags },
  Effect.fnUntraced(function*({ all, cursor, limit, state, ...filters }) {
    const states = state.flat()
    const query = { ...JobFlags.toFilter(filters), ...(states.length === 0 ? {} : { state: states }) }
    const page = yield* Pages.read(
      { all, cursor, limit },
      (position) => Server.ask((client) => client.jobs.list({ query: { ...query, ...position } }))
    )
    yield* Output.answer(page, () => JobText.list(page.items) + Pages.more(page))
  })
).pipe(
  Command.withAlias("ls"),
  Command.withDescription("List jobs, newest first"),
  Command.withExamples([
    { command: "millrace jobs list --state dead,retryable --name SendWelcome", description: "Jobs that failed" },
    { command: "millrace jobs list --payload '{\"storeId\":\"s1\"}' --all --json", description: "All jobs of a store" }
  ])
)

const show = Command.make(
  "show",
  { id: JobFlags.id },
  Effect.fnUntraced(function*({ id }) {
    const job = yield* Server.ask((client) => client.jobs.get({ params: { id } }))
    const attempts = yield* Server.ask((client) => client.jobs.attempts({ params: { id } }))
    yield* Output.answer({ ...job, attempts: attempts.items }, () => JobText.show(job, attempts.items))
  })
).pipe(Command.withDescription("Show a job, its payload, result and attempts"))

const explain = Command.make(
  "explain",
  { id: JobFlags.id },
  Effect.fnUntraced(function*(params) {
    const explanation = yield* Server.ask((client) => client.jobs.explain({ params }))
    yield* Output.answer(explanation, () => JobText.explanation(explanation))
  })
).pipe(Command.withDescription("Say why a job does not run, or that the next claim takes it"))

const logs = Command.make(
  "logs",
  { id: JobFlags.id },
  Effect.fnUntraced(function*(params) {
    const { items } = yield* Server.ask((client) => client.jobs.logs({ params }))
    yield* Output.answer(
      items,
      () => items.map(({ at, level, message }) => `${Output.instant(at)} ${level.toUpperCase()} ${message}`).join("\n")
    )
  })
).pipe(Command.withDescription("List the lines that a job's handler wrote"))

/** Acts on each job in turn; one that is refused ends the command, and those before it stay as they are. */
const steer = <const Name extends string, E>(
  name: Name,
  description: string,
  act: (client: ApiClient, id: JobId) => Effect.Effect<JobAction, E>
) =>
  Command.make(
    name,
    { ids: JobFlags.ids },
    Effect.fnUntraced(function*({ ids }) {
      const done = yield* Effect.forEach(ids, (id) => Server.ask((client) => act(client, id)))
      yield* Output.answer(done, () => done.map(({ from, id, to }) => `job ${id}: ${from} → ${to}`).join("\n"))
    })
  ).pipe(Command.withDescription(description))

const cancel = steer(
  "cancel",
  "Cancel jobs; running ones are asked to stop",
  (client, id) => client.jobs.cancel({ params: { id } })
)

const retry = steer(
  "retry",
  "Run dead or cancelled jobs again, and waiting ones now",
  (client, id) => client.jobs.retry({ params: { id } })
)

const promote = steer(
  "promote",
  "Run scheduled or retryable jobs now",
  (client, id) => client.jobs.promote({ params: { id } })
)

const changes = {
  priority: text("priority", "urgent, high, normal, low, or 0 (first) to 100"),
  delay: text("delay", "How long to wait from now, such as \"5 minutes\""),
  runAt: JobFlags.instant("run-at", "Not before this instant"),
  tag: JobFlags.repeated("tag", "A word to find the job by, instead of those that it has"),
  noTags: Flag.Boolean("no-tags").pipe(Flag.withDescription("Take all its tags"), Flag.withDefault(false))
}

/** What is wrong is said of every flag by the contract, before anything is sent. */
const toChange = (given: Command.Command.Config.Infer<typeof changes>) =>
  Request.decode(ChangeJob, {
    ...Request.definedOf({
      priority: Option.map(given.priority, (text) => /^\d+$/.test(text) ? Number(text) : text),
      delay: given.delay,
      runAt: Option.map(given.runAt, DateTime.formatIso)
    }),
    ...(given.noTags ? { tags: [] } : given.tag.length === 0 ? {} : { tags: given.tag })
  })

const change = Command.make(
  "change",
  { ids: JobFlags.ids, ...changes },
  Effect.fnUntraced(function*({ ids, ...given }) {
    const payload = yield* toChange(given)
    const changed = yield* Effect.forEach(
      ids,
      (id) => Server.ask((client) => client.jobs.change({ params: { id }, payload }))
    )
    yield* Output.answer(changed, () => JobText.list(changed))
  })
).pipe(
  Command.withDescription("Change priority, time or tags of jobs that wait"),
  Command.withExamples([
    { command: "millrace jobs change 42 --priority urgent", description: "Let it go first" },
    { command: "millrace jobs change 42 43 --delay \"1 hour\" --tag later", description: "Put jobs off" }
  ])
)

const remove = Command.make(
  "remove",
  { ids: JobFlags.ids },
  Effect.fnUntraced(function*({ ids }) {
    yield* Effect.forEach(ids, (id) => Server.ask((client) => client.jobs.remove({ params: { id } })), {
      discard: true
    })
    yield* Output.answer({ removed: ids }, () => ids.map((id) => `job ${id}: removed`).join("\n"))
  })
).pipe(Command.withDescription("Delete jobs that do not run, with their history"))

const watch = Command.make(
  "watch",
  { id: JobFlags.id },
  Effect.fnUntraced(function*({ id }) {
    const job = yield* Watch.follow(id)
    yield* Watch.expectCompleted(job)
  })
).pipe(Command.withDescription("Follow a job until it ends; exit code 1 unless it completes"))

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("jobs").pipe(
  Command.withDescription("List, show, steer and follow jobs"),
  Command.withSubcommands([list, show, explain, logs, change, cancel, retry, promote, remove, watch])
)
