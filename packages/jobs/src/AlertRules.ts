/**
 * When a queue is not as it should be: thresholds, and what of a sample is beyond them. Pure.
 *
 * @since 0.1.0
 */
import type { Finding } from "@millrace/storage/Alert"
import type { NewSample, QueueProbe } from "@millrace/storage/Sample"
import { allQueues } from "@millrace/storage/Sample"
import type { WorkerRecord } from "@millrace/storage/WorkerRecord"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { queue as systemQueue } from "./SystemJobs.ts"

const AtLeast1 = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

/**
 * Schema of the thresholds. What is above one is an alert.
 *
 * **Details**
 *
 * - `depth`: available jobs of a queue
 * - `oldestMillis`: how long a job has been due
 * - `runningMillis`: how long a claim is held
 * - `deadRate`: share of dead jobs among those that ended since the sample before, once there are 20 of them; from 0 to 1
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Thresholds = Schema.Struct({
  depth: AtLeast1,
  oldestMillis: AtLeast1,
  runningMillis: AtLeast1,
  deadRate: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
})

/**
 * Thresholds.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Thresholds = typeof Thresholds.Type

/**
 * The thresholds where nothing else is said: 10,000 jobs, 5 minutes, 1 hour, one job in ten.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const defaults: Thresholds = { depth: 10_000, oldestMillis: 300_000, runningMillis: 3_600_000, deadRate: 0.1 }

/** Fewer ended jobs than these say nothing about a rate. */
const rateJobsMin = 20

/** More alerts than these at once tell nobody more. */
const findingsMax = 100

/** The system's own queue is not judged: alerts about the jobs that tell of alerts would feed themselves. */
const isJudged = ({ queue }: { readonly queue: string }): boolean => queue !== allQueues && queue !== systemQueue

/**
 * Looks at the samples of all queues but the system's; answers at most 100 findings.
 *
 * @stability unstable
 * @category rules
 * @since 0.1.0
 */
export const evaluate = (
  thresholds: Thresholds,
  seen: {
    readonly samples: ReadonlyArray<NewSample>
    readonly probes: ReadonlyArray<QueueProbe>
    readonly workers: ReadonlyArray<WorkerRecord>
    readonly now: DateTime.Utc
  }
): ReadonlyArray<Finding> => {
  const alive = seen.workers.filter(({ expiresAt }) => DateTime.isGreaterThan(expiresAt, seen.now))
  return [
    ...seen.samples.filter(isJudged).flatMap((sample) => ofSample(thresholds, sample)),
    ...seen.probes.filter(isJudged).flatMap((probe) => unserved(probe, alive))
  ].slice(0, findingsMax)
}

const ofSample = (thresholds: Thresholds, sample: NewSample): ReadonlyArray<Finding> => {
  const { counts, dead, longestRunningMillis, oldestWaitingMillis, queue } = sample
  const ended = sample.completed + sample.cancelled + dead
  const above = (rule: Finding["rule"], value: number, threshold: number): ReadonlyArray<Finding> =>
    value > threshold ? [{ rule, queue, name: "", value, threshold }] : []
  return [
    ...above("depth", counts.available, thresholds.depth),
    ...above("oldest", oldestWaitingMillis ?? 0, thresholds.oldestMillis),
    ...above("running", longestRunningMillis ?? 0, thresholds.runningMillis),
    ...above("dead-rate", ended < rateJobsMin ? 0 : dead / ended, thresholds.deadRate)
  ]
}

/** Names that wait where nobody alive serves them. */
const unserved = ({ queue, waitingNames }: QueueProbe, alive: ReadonlyArray<WorkerRecord>): ReadonlyArray<Finding> =>
  waitingNames
    .filter((name) => !alive.some(({ info }) => info.queues.includes(queue) && info.names.includes(name)))
    .map((name) => ({ rule: "no-worker", queue, name, value: 0, threshold: 1 }))

/**
 * Says in one line what an alert is about.
 *
 * @stability unstable
 * @category rendering
 * @since 0.1.0
 */
export const describe = ({ name, queue, rule, threshold, value }: Finding): string => {
  switch (rule) {
    case "depth":
      return `${value} jobs are available in ${queue}, more than ${threshold}`
    case "oldest":
      return `a job of ${queue} has been due for ${seconds(value)}, longer than ${seconds(threshold)}`
    case "running":
      return `a job of ${queue} has been claimed for ${seconds(value)}, longer than ${seconds(threshold)}`
    case "dead-rate":
      return `${percent(value)} of the jobs that ended in ${queue} died, more than ${percent(threshold)}`
    case "no-worker":
      return `jobs named ${name} wait in ${queue}, and no live worker serves them`
  }
}

const seconds = (millis: number): string => `${Math.round(millis / 1000)} s`

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
