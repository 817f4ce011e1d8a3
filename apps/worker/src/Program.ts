/**
 * The worker as a layer: the jobs of the user and the built-in ones, on a queue and a storage.
 *
 * @since 0.1.0
 */
import * as AlertTargets from "@millrace/jobs/AlertTargets"
import * as AlertWebhook from "@millrace/jobs/AlertWebhook"
import * as BuiltinJobs from "@millrace/jobs/BuiltinJobs"
import * as SampleQueues from "@millrace/jobs/SampleQueues"
import * as SystemJobs from "@millrace/jobs/SystemJobs"
import * as SystemSchedules from "@millrace/jobs/SystemSchedules"
import * as Handlers from "@millrace/queue/Handlers"
import * as JobDefaults from "@millrace/queue/JobDefaults"
import * as PayloadCodec from "@millrace/queue/PayloadCodec"
import * as PoolWatch from "@millrace/queue/PoolWatch"
import * as Queue from "@millrace/queue/Queue"
import * as Worker from "@millrace/queue/Worker"
import * as Scheduler from "@millrace/scheduler/Scheduler"
import type { SampleStorage } from "@millrace/storage/SampleStorage"
import type { ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import type { Storage } from "@millrace/storage/Storage"
import * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import type { ExportedLayer } from "./JobsModule.ts"
import * as Reason from "./Reason.ts"
import type { WorkerSettings } from "./WorkerSettings.ts"

/**
 * The worker has nothing to do: no module and no built-in job registered a handler.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class NoHandlers extends Schema.TaggedError<NoHandlers>()("NoHandlers", {
  modules: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.modules.length === 0
      ? "There is no job to serve: name a module with --jobs, or leave --no-builtin out."
      : `There is no job to serve: the layers of ${this.modules.join(", ")} register no handler.`
  }
}

/**
 * A layer of a module could not be built: a service that it needs is missing, or its own set-up failed.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class JobLayerFailed extends Schema.TaggedError<JobLayerFailed>()("JobLayerFailed", {
  detail: Schema.String
}) {
  override get message(): string {
    return `A layer of the jobs modules can not be built: ${this.detail}. ` +
      "The worker provides Queue, Scheduler, Storage, PgClient, FileSystem and Path; everything else is for the module to provide."
  }
}

/**
 * A running worker with its handlers. It logs when it is ready, and drains when the layer closes.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  settings: WorkerSettings,
  exported: ReadonlyArray<ExportedLayer>
): Layer.Layer<
  Worker.Worker,
  JobLayerFailed | NoHandlers | Config.ConfigError,
  Storage | ScheduleStorage | SampleStorage | FileSystem.FileSystem | Path.Path
> =>
  Layer.effectDiscard(Effect.andThen(announce(settings), Effect.forkScoped(PoolWatch.watch(settings.metricsInterval))))
    .pipe(
      Layer.provideMerge(jobs(settings, exported)),
      Layer.provideMerge([Queue.layer, Scheduler.layer({ owner: settings.scheduleOwner }), workerOf(settings)]),
      // The settings were checked when they were read.
      Layer.provide(Layer.orDie(PayloadCodec.layerText(settings.payloadKeys))),
      Layer.provide(JobDefaults.layer(settings.jobDefaults))
    )

/** For the upkeep, a sample, and two who are told of alerts. */
const systemSlots = 4

const workerOf = ({ builtin, concurrency, grace, lease, poll, prefetch, queues, standstill }: WorkerSettings) =>
  Worker.layer({
    queues: {
      // Slots beside the user's: upkeep and samples wait for no backlog, nor for a webhook that does not answer.
      ...(builtin ? { [SystemJobs.queue]: { concurrency: systemSlots } } : {}),
      ...Object.fromEntries(queues.map((queue) => [queue, {}]))
    },
    prunes: !builtin,
    concurrency,
    ...(prefetch === null ? {} : { prefetch }),
    leaseDuration: lease,
    standstillDuration: standstill,
    graceDuration: grace,
    pollInterval: poll,
    jobLogLevel: "Info"
  })

const jobs = (settings: WorkerSettings, exported: ReadonlyArray<ExportedLayer>) =>
  Layer.mergeAll(settings.builtin ? builtin(settings) : Layer.empty, ...exported.map(served))

/** What comes with every worker. The schedules are right by construction: one that is not is a bug. */
const builtin = (settings: WorkerSettings) =>
  Layer.mergeAll(
    BuiltinJobs.layer,
    SystemJobs.layer,
    Layer.orDie(SystemSchedules.layer(settings)),
    Layer.mergeAll(SampleQueues.layer, AlertWebhook.layer).pipe(Layer.provide(AlertTargets.layer(settings.alerts))),
    Layer.orDie(SampleQueues.schedule(settings))
  )

// What a module's layer needs shows only when it is built; then a missing service is a defect that names it.
const served = (layer: ExportedLayer) =>
  Layer.catchCause(layer, (cause) =>
    Layer.effectDiscard(
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.fail(new JobLayerFailed({ detail: Reason.ofCause(cause).join("; ") }))
    ))

// The outermost layer: ready when all others are, and the first to hear of the end.
const announce = Effect.fnUntraced(function*({ concurrency, grace, jobs, queues }: WorkerSettings) {
  const worker = yield* Worker.Worker
  const handlers = yield* Handlers.Handlers
  const names = yield* handlers.names
  if (names.length === 0) {
    return yield* new NoHandlers({ modules: jobs })
  }
  yield* Effect.addFinalizer(() => stopClaiming(worker, grace))
  yield* Effect.logInfo("worker ready").pipe(Effect.annotateLogs({
    worker: worker.id,
    queues: queues.join(", "),
    concurrency: typeof concurrency === "number" ? concurrency : `${concurrency.min}-${concurrency.max}`,
    names: names.toSorted().join(", ")
  }))
})

// Not awaited: each job layer gives its own running jobs the grace while it closes. Without this, the worker would go
// on claiming the jobs of those that close last.
const stopClaiming = (worker: Worker.Worker["Service"], grace: Duration.Duration) =>
  Effect.forkDetach(worker.drain, { startImmediately: true }).pipe(
    Effect.andThen(worker.health),
    Effect.flatMap(({ running }) =>
      Effect.logInfo("stopping: claiming no more jobs").pipe(
        Effect.annotateLogs({ worker: worker.id, running, grace: Duration.format(grace) })
      )
    )
  )
