/**
 * The jobs that keep Millrace's own tables small.
 *
 * They run in a queue of their own, so that no backlog holds them up, and are ordinary jobs otherwise: they are seen,
 * retried and cancelled like any other. `SystemSchedules` says when they run.
 *
 * @since 0.1.0
 */
import * as Job from "@millrace/queue/Job"
import { ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/**
 * The queue of the system's jobs.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const queue = "millrace"

const Millis = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * Drops jobs that finished long ago, as old entries of the history of schedules, and old lines of the audit.
 *
 * **Details**
 *
 * `finishedMillis` is the age of `completed` and `cancelled` jobs and of ticks, `deadMillis` that of `dead` jobs, `auditMillis`
 * that of lines of the audit, which are dropped where `AuditPrune` is given. The result counts what was dropped; -1 when
 * the storage did not count, no `audit` where there is none to prune.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const CleanUp = Job.make("millrace-clean-up", {
  payload: { finishedMillis: Millis, deadMillis: Millis, auditMillis: Schema.optionalKey(Millis) },
  success: Schema.Struct({
    finished: Schema.Int,
    dead: Schema.Int,
    ticks: Schema.Int,
    audit: Schema.optionalKey(Schema.Int)
  }),
  queue,
  timeout: "1 hour"
})

/**
 * Prepares the tables of the coming days. Nothing is dropped.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const PrepareDays = Job.make("millrace-prepare-days", { payload: {}, queue, timeout: "10 minutes" })

/**
 * The definitions of both.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const definitions = [CleanUp, PrepareDays] as const

/**
 * What drops lines of the audit that are older than so many milliseconds, at most 10,000 in one call, and answers how
 * many: `ServiceStorage.audit.prune`. Defaults to null: the audit is left alone.
 *
 * **Details**
 *
 * Alone, and not with the API keys that lie beside the audit: the jobs of a worker have no business with those.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export const AuditPrune = Context.Reference<
  ((olderThanMillis: number) => Effect.Effect<number, StorageError>) | null
>("@millrace/jobs/SystemJobs/AuditPrune", { defaultValue: () => null })

/** Older than any job, in milliseconds: 100 years. */
const neverMillis = 100 * 365 * 86_400_000

/** Entries in the history of schedules are kept as long as the jobs that they are about. */
const cleanUp = Layer.unwrap(Effect.map(AuditPrune, (pruneAudit) =>
  CleanUp.toLayer(
    Effect.fn("CleanUp")(function*({ auditMillis, deadMillis, finishedMillis }) {
      const storage = yield* Storage
      const schedules = yield* ScheduleStorage
      const { dead, finished } = yield* Effect.orDie(storage.prune({ deadMillis, finishedMillis }))
      const ticks = yield* Effect.orDie(schedules.prune({ keepMillis: finishedMillis }))
      if (pruneAudit === null || auditMillis === undefined) return { dead, finished, ticks }
      return { dead, finished, ticks, audit: yield* Effect.orDie(pruneAll(pruneAudit(auditMillis))) }
    })
  )))

/** Drops in parts until one of them found nothing: each part is a short statement. */
const pruneAll = Effect.fnUntraced(function*(prune: Effect.Effect<number, StorageError>) {
  let count = 0
  for (let dropped = yield* prune; dropped > 0; dropped = yield* prune) count += dropped
  return count
})

const prepareDays = PrepareDays.toLayer(
  Effect.fn("PrepareDays")(function*() {
    const storage = yield* Storage
    yield* Effect.orDie(storage.prune({ deadMillis: neverMillis, finishedMillis: neverMillis }))
  })
)

/**
 * The handlers of both.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = Layer.mergeAll(cleanUp, prepareDays)
