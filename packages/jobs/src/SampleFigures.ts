/**
 * Makes samples of what a storage tells: counts, probes, workers, and the samples before. Pure.
 *
 * @since 0.1.0
 */
import * as JobState from "@millrace/storage/JobState"
import type { NewSample, QueueProbe, Sample } from "@millrace/storage/Sample"
import { allQueues } from "@millrace/storage/Sample"
import type { Overview, QueueCounts } from "@millrace/storage/Storage"
import type { WorkerRecord } from "@millrace/storage/WorkerRecord"
import { slotsOf as slotsOfQueue } from "@millrace/storage/WorkerRecord"

/**
 * The most queues of which samples are kept, beside the sample of all together: those with the most live jobs.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const queuesMax = 200

type Counts = QueueCounts["counts"]

const live = ["pending", "scheduled", "available", "running", "retryable"] as const

const liveOf = (counts: Counts): number => live.reduce((sum, state) => sum + counts[state], 0)

/**
 * The names of the queues to sample.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const queuesOf = ({ queues }: Overview): ReadonlyArray<string> =>
  queues.toSorted((a, b) => liveOf(b.counts) - liveOf(a.counts)).slice(0, queuesMax).map(({ queue }) => queue)

/**
 * The samples of these probes.
 *
 * **Details**
 *
 * How many jobs ended is the growth of the counts since `previous`, or what the probe saw, whichever is more: counts shrink when old
 * jobs are dropped, and probes look at a bounded number of jobs, so that neither tells more than there were.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const samplesOf = (
  { queues, workers }: Overview,
  probes: ReadonlyArray<QueueProbe>,
  previous: ReadonlyArray<Sample>,
  spanMillis: number
): ReadonlyArray<NewSample> => {
  const counted = new Map(queues.map(({ counts, queue }) => [queue, counts]))
  counted.set(allQueues, sumOf(queues.map(({ counts }) => counts)))
  const before = new Map(previous.map((sample) => [sample.queue, sample.counts]))
  return probes.map((found) => {
    const { waitingNames: _, ...probe } = found
    const counts = counted.get(probe.queue) ?? none
    const grown = (state: JobState.JobState) => counts[state] - (before.get(probe.queue)?.[state] ?? counts[state])
    const serving = workers.filter(({ info }) => probe.queue === allQueues || info.queues.includes(probe.queue))
    return {
      ...probe,
      spanMillis,
      counts,
      completed: Math.max(probe.completed, grown("completed")),
      cancelled: Math.max(probe.cancelled, grown("cancelled")),
      dead: Math.max(probe.dead, grown("dead")),
      workers: serving.length,
      slots: serving.reduce((sum, worker) => sum + slotsOf(worker, probe.queue), 0)
    }
  })
}

const slotsOf = ({ info }: WorkerRecord, queue: string): number =>
  queue === allQueues ? info.concurrency : slotsOfQueue(info, queue)

const sumOf = (all: ReadonlyArray<Counts>): Counts =>
  Object.fromEntries(
    JobState.states.map((state) => [state, all.reduce((sum, counts) => sum + counts[state], 0)])
  ) as Counts

const none = sumOf([])
