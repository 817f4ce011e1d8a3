/**
 * Looks at the queues every minute: keeps samples for charts, judges alerts, and has those told that want to know.
 *
 * An ordinary job of an ordinary schedule, `millrace-sample`: to be seen, paused and triggered like any other. Alerts that change
 * their state and the jobs that tell of them are committed together, where the storage has transactions.
 *
 * @since 0.1.0
 */
import * as Job from "@millrace/queue/Job"
import * as JobSchedule from "@millrace/scheduler/JobSchedule"
import type { Alert } from "@millrace/storage/Alert"
import type { Sample } from "@millrace/storage/Sample"
import { SampleStorage } from "@millrace/storage/SampleStorage"
import { ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import { Storage } from "@millrace/storage/Storage"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as AlertRules from "./AlertRules.ts"
import { AlertTargets } from "./AlertTargets.ts"
import * as AlertWebhook from "./AlertWebhook.ts"
import { EmailNotification } from "./EmailNotification.ts"
import * as SampleFigures from "./SampleFigures.ts"
import { queue } from "./SystemJobs.ts"

const Millis = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * Takes a sample of every queue and judges it by these thresholds. Samples and resolved alerts older than `keepMillis` are dropped.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const SampleQueues = Job.make("millrace-sample", {
  payload: { thresholds: AlertRules.Thresholds, keepMillis: Millis },
  success: Schema.Struct({ queues: Schema.Int, fired: Schema.Int, resolved: Schema.Int, told: Schema.Int }),
  queue,
  timeout: "1 minute"
})

/** What a first sample is about, and the most that one after a long break is about, in milliseconds. */
const span = { first: 60_000, most: 600_000 }

const spanOf = (previous: ReadonlyArray<Sample>, now: DateTime.Utc): number => {
  const [newest] = previous
  if (newest === undefined) return span.first
  const passed = DateTime.toEpochMillis(now) - DateTime.toEpochMillis(newest.at)
  return Math.max(1, Math.min(span.most, passed))
}

/**
 * Takes one sample.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fn("SampleQueues.run")(
  function*({ keepMillis, thresholds }: typeof SampleQueues.payloadSchema.Type) {
    const storage = yield* Storage
    const kept = yield* SampleStorage
    const { now: clock } = yield* ScheduleStorage
    const overview = yield* storage.overview
    const previous = yield* kept.latest
    const now = yield* clock
    const windowMillis = spanOf(previous, now)
    const probes = yield* kept.probe({ queues: SampleFigures.queuesOf(overview), windowMillis })
    const samples = SampleFigures.samplesOf(overview, probes, previous, windowMillis)
    yield* kept.append(samples)
    const findings = AlertRules.evaluate(thresholds, { samples, probes, workers: overview.workers, now })
    const together = storage.capabilities.transaction ?? ((effect) => effect)
    const { changed, told } = yield* together(Effect.gen(function*() {
      const changed = yield* kept.judge(findings)
      return { changed, told: yield* tell(changed) }
    }))
    yield* kept.prune(keepMillis)
    const fired = changed.filter(({ state }) => state === "firing").length
    return { queues: probes.length - 1, fired, resolved: changed.length - fired, told }
  }
)

/** Enqueues a job for each alert and each who is told; answers how many. */
const tell = Effect.fnUntraced(function*(alerts: ReadonlyArray<Alert>) {
  const { email, webhooks } = yield* AlertTargets
  const messages = alerts.map(AlertWebhook.messageOf)
  const posts = messages.flatMap((message) => webhooks.map((url) => ({ payload: { url, message } })))
  const mails = email === null ? [] : messages.map((message) => ({
    payload: mailOf(email, message),
    options: { queue }
  }))
  if (posts.length > 0) yield* AlertWebhook.AlertWebhook.enqueueAll(posts)
  if (mails.length > 0) yield* EmailNotification.enqueueAll(mails)
  return posts.length + mails.length
})

const mailOf = (to: string, message: typeof AlertWebhook.AlertMessage.Type) => {
  const title = message.type === "alert.firing" ? "Alert" : "Resolved"
  const until = message.resolvedAt === null ? "" : `\n\nResolved at ${message.resolvedAt}.`
  return {
    to,
    template: "newsletter" as const,
    data: {
      subject: `${title}: ${message.rule} of ${message.queue}`.slice(0, 400),
      body: `${message.summary}.\n\nSince ${message.since}.${until}`
    }
  }
}

/**
 * The handler of `millrace-sample`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = SampleQueues.toLayer((payload) => Effect.orDie(run(payload)))

/**
 * What a sample is judged by, and how long it is kept: `keepSamples` defaults to 14 days, thresholds to `AlertRules.defaults`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly thresholds?: AlertRules.Thresholds | undefined
  readonly keepSamples?: Duration.Input | undefined
}

/**
 * The schedule `millrace-sample`: every minute, in UTC; one that was missed is not made up for.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const schedule = (
  { keepSamples = "14 days", thresholds = AlertRules.defaults }: Options = {}
): JobSchedule.DeclaredLayer =>
  JobSchedule.cron("millrace-sample", {
    cron: "* * * * *",
    overlap: "skip",
    misfire: "skip",
    job: SampleQueues,
    payload: { thresholds, keepMillis: Duration.toMillis(keepSamples) }
  })
