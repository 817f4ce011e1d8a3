/**
 * Schedules in code: which job runs when, next to the job itself.
 *
 * Each is a layer that declares its schedule to the `Scheduler`: it is made when it is missing, changed when the code
 * changed, and removed some time after no program of the owner declares it any more. A pause by a person stays.
 *
 * @since 0.1.0
 */
import type { EnqueueOptions } from "@millrace/queue/EnqueueOptions"
import * as JobDefaults from "@millrace/queue/JobDefaults"
import type { AnySchema, JobDefinition } from "@millrace/queue/JobDefinition"
import * as JobRequest from "@millrace/queue/JobRequest"
import type { InvalidOption, InvalidPayload } from "@millrace/queue/QueueError"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Steering from "./internal/steering.ts"
import type { InvalidSchedule } from "./ScheduleError.ts"
import { Scheduler } from "./Scheduler.ts"
import type { PolicySpec, TimingSpec } from "./ScheduleSpec.ts"

/**
 * What every schedule in code says: the job, its payload, its options without a time and parents, and the policies.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ScheduledWork<Payload extends AnySchema> extends PolicySpec {
  readonly job: JobDefinition<string, Payload>
  readonly payload: NoInfer<Payload["Type"]>
  readonly options?: Omit<EnqueueOptions, "delay" | "runAt" | "parents">
}

/**
 * A declared schedule as a layer. It fails when the schedule, the payload or an option can not be.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type DeclaredLayer = Layer.Layer<never, InvalidSchedule | InvalidPayload | InvalidOption, Scheduler>

/**
 * A job at the times of a cron expression; see `CronExpression`. `timeZone` defaults to `UTC`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const cron = <Payload extends AnySchema>(
  name: string,
  work: ScheduledWork<Payload> & { readonly cron: string; readonly timeZone?: string }
): DeclaredLayer => declare(name, { cron: work.cron, timeZone: work.timeZone }, work)

/**
 * A job in equal intervals of 1 second or more, counted from `from`, which defaults to 1970-01-01T00:00:00Z.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const every = <Payload extends AnySchema>(
  name: string,
  work: ScheduledWork<Payload> & { readonly every: Duration.Input; readonly from?: DateTime.DateTime.Input }
): DeclaredLayer => declare(name, { every: work.every, from: work.from }, work)

/**
 * A job at one instant. One that was past when it was declared for the first time is not fired.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const once = <Payload extends AnySchema>(
  name: string,
  work: ScheduledWork<Payload> & { readonly at: DateTime.DateTime.Input }
): DeclaredLayer => declare(name, { at: work.at }, work)

const declare = <Payload extends AnySchema>(
  name: string,
  timing: TimingSpec,
  { jitter, job, misfire, options, overlap, payload }: ScheduledWork<Payload>
): DeclaredLayer =>
  Layer.effectDiscard(Effect.flatMap(
    Effect.flatMap(JobDefaults.JobDefaults, (defaults) =>
      Effect.fromResult(JobRequest.fromPayload(job, payload, options, defaults))),
    (newJob) =>
      Scheduler.use((scheduler) =>
        scheduler.declare({ name, ...timing, jitter, misfire, overlap, job: Steering.timeless(newJob) })
      )
  ))
