/**
 * `millrace schedules`: create, list, steer, preview and backfill schedules.
 *
 * @since 0.1.0
 */
import type { ApiClient } from "@millrace/api/ApiClient"
import { name as naming } from "@millrace/api/JobNaming"
import { Backfill, ChangeSchedule, CreateSchedule, PreviewTiming } from "@millrace/api/ScheduleRequest"
import type { ScheduleView, TickView } from "@millrace/api/ScheduleView"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Output from "./Output.ts"
import * as Pages from "./Pages.ts"
import * as Request from "./Request.ts"
import * as Server from "./Server.ts"
import * as Table from "./Table.ts"

const name = Argument.String("name").pipe(
  Argument.withSchema(naming("The schedule")),
  Argument.withDescription("The name of a schedule")
)

const text = (flag: string, description: string) =>
  Flag.String(flag).pipe(Flag.withDescription(description), Flag.optional)

const timing = {
  cron: text("cron", "Five fields, or six with the seconds first"),
  timeZone: text("time-zone", "IANA time zone of --cron. Defaults to UTC"),
  every: text("every", "An interval, such as \"15 minutes\""),
  at: text("at", "One instant, such as 2026-11-22T08:00:00Z")
}

const policy = {
  jitter: text("jitter", "The job starts up to so much after its instant. Defaults to \"0 seconds\""),
  overlap: text("overlap", "While the job before is not finished: skip, queue or cancelPrevious. Defaults to queue"),
  misfire: text("misfire", "Instants that nobody could fire in time: skip or runOnce. Defaults to runOnce")
}

const timingText = (schedule: ScheduleView): string => {
  if (schedule.cron !== null) return `${schedule.cron} (${schedule.timeZone})`
  return schedule.everyMillis === null ? `at ${Output.instant(schedule.at)}` : `every ${schedule.everyMillis / 1000} s`
}

const listText = (schedules: ReadonlyArray<ScheduleView>): string =>
  Table.render([
    { head: "NAME", of: (each) => each.name },
    { head: "WHEN", of: timingText },
    { head: "JOB", of: (each) => each.job.name },
    { head: "OWNER", of: (each) => each.owner },
    { head: "NEXT", of: (each) => each.paused ? "paused" : Output.instant(each.nextAt) },
    { head: "LAST", of: (each) => each.last === null ? "" : Output.instant(each.last.instant) }
  ], schedules)

const showText = (schedule: ScheduleView): string =>
  Table.fields([
    ["name", schedule.name],
    ["when", timingText(schedule)],
    ["job", schedule.job.name],
    ["payload", Output.json(schedule.job.payload)],
    ["queue", schedule.job.queue],
    ["tenant", schedule.job.tenant],
    ["owner", schedule.owner],
    ["jitter", schedule.jitterMillis === 0 ? null : `${schedule.jitterMillis / 1000} s`],
    ["overlap", schedule.overlap],
    ["misfire", Output.json(schedule.misfire)],
    ["paused at", Output.instant(schedule.pausedAt)],
    ["next at", Output.instant(schedule.nextAt)],
    ["last", schedule.last === null ? null : `${Output.instant(schedule.last.instant)} job ${schedule.last.jobId}`],
    ["created at", Output.instant(schedule.createdAt)]
  ])

const ticksText = (ticks: ReadonlyArray<TickView>): string =>
  Table.render([
    { head: "INSTANT", of: (tick) => Output.instant(tick.instant) },
    { head: "KIND", of: (tick) => tick.kind },
    { head: "OUTCOME", of: (tick) => tick.outcome },
    { head: "JOB", of: (tick) => tick.jobId },
    { head: "WRITTEN AT", of: (tick) => Output.instant(tick.at) }
  ], ticks)

const list = Command.make(
  "list",
  {
    paused: Flag.Boolean("paused").pipe(Flag.withDescription("Only paused ones"), Flag.withDefault(false)),
    ...Pages.flags
  },
  Effect.fnUntraced(function*({ paused, ...pages }) {
    const query = paused ? { paused: "true" as const } : {}
    const page = yield* Pages.read(
      pages,
      (position) => Server.ask((client) => client.schedules.list({ query: { ...query, ...position } }))
    )
    yield* Output.answer(page, () => listText(page.items) + Pages.more(page))
  })
).pipe(Command.withAlias("ls"), Command.withDescription("List schedules by name"))

const show = Command.make(
  "show",
  { name },
  Effect.fnUntraced(function*(params) {
    const schedule = yield* Server.ask((client) => client.schedules.get({ params }))
    const ticks = yield* Server.ask((client) => client.schedules.ticks({ params, query: { limit: 10 } }))
    yield* Output.answer(
      { ...schedule, ticks: ticks.items },
      () => showText(schedule) + (ticks.items.length === 0 ? "" : `\n\n${ticksText(ticks.items)}`)
    )
  })
).pipe(Command.withDescription("Show a schedule and its latest ticks"))

const create = Command.make(
  "create",
  {
    name,
    job: Flag.String("job").pipe(Flag.withDescription("The kind of job that each instant enqueues")),
    payload: Flag.String("payload").pipe(
      Flag.withMetavar("<json>"),
      Flag.withDescription("Its payload. Defaults to {}"),
      Flag.withSchema(Schema.fromJsonString(Schema.Json)),
      Flag.withDefault({})
    ),
    queue: text("queue", "The queue. Defaults to the job's"),
    tenant: text("tenant", "Whose job it is"),
    ...timing,
    ...policy
  },
  Effect.fnUntraced(function*({ job, name, payload, queue, tenant, ...rest }) {
    const body = yield* Request.decode(CreateSchedule, {
      name,
      job: { name: job, payload, ...Request.definedOf({ queue, tenant }) },
      ...Request.definedOf(rest)
    })
    const schedule = yield* Server.ask((client) => client.schedules.create({ payload: body }))
    yield* Output.answer(schedule, () => showText(schedule))
  })
).pipe(
  Command.withDescription("Create a schedule"),
  Command.withExamples([{
    command: "millrace schedules create nightly --cron '30 2 * * *' --time-zone Europe/Berlin --job data-processing",
    description: "Every night at half past two"
  }])
)

const change = Command.make(
  "change",
  { name, ...timing, ...policy },
  Effect.fnUntraced(function*({ name, ...rest }) {
    const payload = yield* Request.decode(ChangeSchedule, Request.definedOf(rest))
    const schedule = yield* Server.ask((client) => client.schedules.change({ params: { name }, payload }))
    yield* Output.answer(schedule, () => showText(schedule))
  })
).pipe(Command.withDescription("Change a schedule; a timing replaces the one before as a whole"))

const steer = <const Name extends string, E>(
  command: Name,
  description: string,
  act: (client: ApiClient, params: { readonly name: string }) => Effect.Effect<ScheduleView, E>
) =>
  Command.make(
    command,
    { name },
    Effect.fnUntraced(function*(params) {
      const schedule = yield* Server.ask((client) => act(client, params))
      yield* Output.answer(schedule, () => showText(schedule))
    })
  ).pipe(Command.withDescription(description))

const pause = steer(
  "pause",
  "Stop a schedule from firing",
  (client, params) => client.schedules.pause({ params })
)

const resume = steer(
  "resume",
  "Go on with the next instant after now",
  (client, params) => client.schedules.resume({ params })
)

const trigger = Command.make(
  "trigger",
  { name },
  Effect.fnUntraced(function*(params) {
    const tick = yield* Server.ask((client) => client.schedules.trigger({ params }))
    yield* Output.answer(tick, () => `schedule ${params.name}: ${tick.outcome}, job ${tick.jobId ?? "none"}`)
  })
).pipe(Command.withDescription("Enqueue the job of a schedule now"))

const remove = Command.make(
  "remove",
  { name },
  Effect.fnUntraced(function*(params) {
    yield* Server.ask((client) => client.schedules.remove({ params }))
    yield* Output.answer({ removed: params.name }, () => `schedule ${params.name}: removed`)
  })
).pipe(Command.withDescription("Remove a schedule; its jobs and history stay"))

const previewFlags = {
  name: name.pipe(Argument.optional),
  count: Flag.Int("count").pipe(Flag.withDescription("How many instants. Defaults to 10"), Flag.withDefault(10)),
  after: text("after", "Instants after this one. Defaults to now"),
  ...timing
}

const preview = Command.make(
  "preview",
  previewFlags,
  Effect.fnUntraced(function*({ after, count, name, ...rest }) {
    const payload = yield* Request.decode(PreviewTiming, { count, ...Request.definedOf({ after, ...rest }) })
    const { instants } = Option.isSome(name)
      ? yield* Server.ask((client) =>
        client.schedules.next({
          params: { name: name.value },
          query: { count, ...(payload.after === undefined ? {} : { after: payload.after }) }
        })
      )
      : yield* Server.ask((client) => client.schedules.preview({ payload }))
    yield* Output.answer(instants, () => instants.map(Output.instant).join("\n"))
  })
).pipe(Command.withDescription("List the next instants of a schedule, or of --cron, --every or --at"))

const backfill = Command.make(
  "backfill",
  {
    name,
    from: Flag.String("from").pipe(Flag.withDescription("The first instant of the window, with its zone")),
    to: Flag.String("to").pipe(Flag.withDescription("The end of the window, in the past; not included")),
    max: Flag.Int("max").pipe(Flag.withDescription("Instants at most, 1 to 1000. Defaults to 1000"), Flag.optional)
  },
  Effect.fnUntraced(function*({ from, max, name, to }) {
    const payload = yield* Request.decode(Backfill, { from, to, ...Request.definedOf({ max }) })
    const { items } = yield* Server.ask((client) => client.schedules.backfill({ params: { name }, payload }))
    yield* Output.answer(items, () => items.length === 0 ? "nothing to fill" : ticksText(items))
  })
).pipe(Command.withDescription("Enqueue the instants of a past window that were not fired"))

const ticks = Command.make(
  "ticks",
  { name, ...Pages.flags },
  Effect.fnUntraced(function*({ name, ...pages }) {
    const page = yield* Pages.read(
      pages,
      (query) => Server.ask((client) => client.schedules.ticks({ params: { name }, query }))
    )
    yield* Output.answer(page, () => ticksText(page.items) + Pages.more(page))
  })
).pipe(Command.withDescription("List the ticks of a schedule, newest first"))

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("schedules").pipe(
  Command.withDescription("Create, list, steer, preview and backfill schedules"),
  Command.withSubcommands([list, show, create, change, pause, resume, trigger, remove, preview, backfill, ticks])
)
