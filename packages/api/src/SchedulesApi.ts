/**
 * The endpoints of schedules: create, list, read, change, steer, preview, backfill, and their history.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import * as ApiError from "./ApiError.ts"
import * as Idempotency from "./Idempotency.ts"
import * as JobNaming from "./JobNaming.ts"
import * as ListPage from "./ListPage.ts"
import { BodyRules } from "./RequestRules.ts"
import * as ResourceError from "./ResourceError.ts"
import * as ScheduleRequest from "./ScheduleRequest.ts"
import { Instants, ScheduleView, TickView } from "./ScheduleView.ts"

const summary = (text: string, description?: string) =>
  OpenApi.annotations({ summary: text, ...(description === undefined ? {} : { description }) })

const params = { name: JobNaming.name("The schedule") }

/** The most entries of one page of a list, as of jobs. */
const limitMaximum = 200

const Limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: limitMaximum })).annotate({
  description: `Entries of a page, 1 to ${limitMaximum}. Defaults to 50`
})

const page = {
  cursor: Schema.optionalKey(Schema.String.annotate({ description: "The nextCursor of the page before" })),
  limit: Schema.optionalKey(Limit)
}

const refusals = [ResourceError.InvalidSchedule, ApiError.UnknownJob, ApiError.InvalidPayload] as const

const create = HttpApiEndpoint.post("create", "/schedules", {
  payload: ScheduleRequest.CreateSchedule,
  success: ScheduleView.pipe(HttpApiSchema.status(201)),
  error: [...refusals, ResourceError.ScheduleExists, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(Idempotency.Idempotency).middleware(BodyRules)
  .annotateMerge(OpenApi.annotations({
    summary: "Create a schedule",
    description:
      "Exactly one of cron, every and at. Every instant enqueues one job, however many servers and workers run.",
    transform: Idempotency.document
  }))

const list = HttpApiEndpoint.get("list", "/schedules", {
  query: {
    ...page,
    paused: Schema.optionalKey(Schema.Literals(["true", "false"])),
    owner: Schema.optionalKey(Schema.String.annotate({ description: "Declared by this program; empty: by none" }))
  },
  success: ListPage.of(ScheduleView),
  error: [ApiError.InvalidCursor, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(summary("List schedules by name"))

const get = HttpApiEndpoint.get("get", "/schedules/:name", {
  params,
  success: ScheduleView,
  error: [ResourceError.ScheduleNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(summary("Read a schedule"))

const change = HttpApiEndpoint.patch("change", "/schedules/:name", {
  params,
  payload: ScheduleRequest.ChangeSchedule,
  success: ScheduleView,
  error: [...refusals, ResourceError.ScheduleNotFound, ResourceError.ScheduleOwned, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(summary(
  "Change a schedule",
  "A timing replaces the one before as a whole; what is absent stays. One that is declared in code answers 409."
))

const remove = HttpApiEndpoint.delete("remove", "/schedules/:name", {
  params,
  error: [ResourceError.ScheduleNotFound, ResourceError.ScheduleOwned, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(summary("Remove a schedule", "Its jobs and its history stay."))

const steer = <const Name extends string>(name: Name, text: string, description: string) =>
  HttpApiEndpoint.post(name, `/schedules/:name/${name}`, {
    params,
    success: ScheduleView,
    error: [ResourceError.ScheduleNotFound, ApiError.Unavailable]
  }).annotateMerge(Access.needs("operate")).annotateMerge(summary(text, description))

const pause = steer("pause", "Pause a schedule", "Instants meanwhile are neither fired nor missed.")

const resume = steer("resume", "Resume a schedule", "It goes on with the next instant after now.")

const trigger = HttpApiEndpoint.post("trigger", "/schedules/:name/trigger", {
  params,
  success: TickView,
  error: [ResourceError.ScheduleNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).annotateMerge(
  summary("Enqueue the job of a schedule now", "Whatever its overlap policy, also while it is paused.")
)

const next = HttpApiEndpoint.get("next", "/schedules/:name/preview", {
  params,
  query: ScheduleRequest.PreviewQuery,
  success: Instants,
  error: [ResourceError.ScheduleNotFound, ResourceError.InvalidSchedule, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(
  summary("List the next instants of a schedule", "Whether it is paused or not.")
)

const preview = HttpApiEndpoint.post("preview", "/schedules/preview", {
  payload: ScheduleRequest.PreviewTiming,
  success: Instants,
  error: [ResourceError.InvalidSchedule, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(
  summary("List the next instants of a timing", "Stores nothing.")
)

const backfill = HttpApiEndpoint.post("backfill", "/schedules/:name/backfill", {
  params,
  payload: ScheduleRequest.Backfill,
  success: ListPage.of(TickView),
  error: [ResourceError.ScheduleNotFound, ResourceError.InvalidSchedule, ApiError.Unavailable]
}).annotateMerge(Access.needs("operate")).middleware(BodyRules).annotateMerge(summary(
  "Enqueue the instants of a past window",
  "Those that were not fired yet, the oldest first. Repeating it enqueues nothing twice."
))

const ticks = HttpApiEndpoint.get("ticks", "/schedules/:name/ticks", {
  params,
  query: page,
  success: ListPage.of(TickView),
  error: [ApiError.InvalidCursor, ApiError.Unavailable]
}).annotateMerge(Access.needs("read")).annotateMerge(
  summary("List the ticks of a schedule, newest first", "They outlive the schedule.")
)

/**
 * The endpoints of schedules, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const SchedulesApi = HttpApiGroup.make("schedules")
  .add(create, list, get, change, remove, pause, resume, trigger, next, preview, backfill, ticks)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Schedules" }))
