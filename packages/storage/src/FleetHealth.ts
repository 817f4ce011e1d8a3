/**
 * The health of everything that works on one storage, summed up: jobs, queues, workers, what is served, how long it took.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type { JobState } from "./JobState.ts"
import { states } from "./JobState.ts"
import type { Sample, Spread } from "./Sample.ts"
import type { Overview } from "./Storage.ts"

/**
 * Totals of queues and workers.
 *
 * **Details**
 *
 * `jobs` counts by state over all queues. Of the workers `active` hold at least one job, and `idle` none; `slots` is how many
 * jobs they may run at the same time together, `running` how many they hold.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Totals {
  readonly jobs: Readonly<Record<JobState, number>>
  readonly queues: { readonly total: number; readonly paused: number }
  readonly workers: {
    readonly total: number
    readonly active: number
    readonly idle: number
    readonly slots: number
    readonly running: number
  }
}

/**
 * What was found out about jobs that ended in the last `spanMillis`: how many, how long they waited and ran.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Recent = Pick<Sample, "spanMillis" | "completed" | "cancelled" | "dead" | "waits" | "runs">

/**
 * The health of a fleet.
 *
 * **Details**
 *
 * `total` counts all jobs, ended ones that are kept included. `workers.idleSlots` is how many more jobs the workers could
 * run now. `types` are the names of jobs that a live worker serves, sorted. `ended`, `waits` (from due to start) and `runs` (from
 * start to end) are of the jobs that ended lately, null where that is not known.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface FleetHealth extends Totals {
  readonly total: number
  readonly workers: Totals["workers"] & { readonly idleSlots: number }
  readonly types: ReadonlyArray<string>
  readonly ended: Pick<Recent, "spanMillis" | "completed" | "cancelled" | "dead"> | null
  readonly waits: Spread | null
  readonly runs: Spread | null
}

/**
 * Sums up queues and workers.
 *
 * @stability unstable
 * @category getters
 * @since 0.1.0
 */
export const totalsOf = ({ queues, workers }: Overview): Totals => {
  const active = workers.filter(({ running }) => running > 0).length
  return {
    jobs: Object.fromEntries(
      states.map((state) => [state, sum(queues.map(({ counts }) => counts[state]))])
    ) as Totals["jobs"],
    queues: { total: queues.length, paused: queues.filter(({ paused }) => paused).length },
    workers: {
      total: workers.length,
      active,
      idle: workers.length - active,
      slots: sum(workers.map(({ info }) => info.concurrency)),
      running: sum(workers.map(({ running }) => running))
    }
  }
}

/**
 * The health of a fleet at an instant, with what is known of the jobs that ended lately.
 *
 * @stability unstable
 * @category getters
 * @since 0.1.0
 */
export const of = (overview: Overview, recent: Recent | null, now: DateTime.Utc): FleetHealth => {
  const { jobs, queues, workers } = totalsOf(overview)
  const alive = overview.workers.filter(({ expiresAt }) => DateTime.isGreaterThan(expiresAt, now))
  return {
    jobs,
    total: sum(Object.values(jobs)),
    queues,
    workers: { ...workers, idleSlots: Math.max(0, workers.slots - workers.running) },
    types: [...new Set(alive.flatMap(({ info }) => info.names))].toSorted(),
    ended: recent === null ? null : endedOf(recent),
    waits: recent?.waits ?? null,
    runs: recent?.runs ?? null
  }
}

const endedOf = ({ cancelled, completed, dead, spanMillis }: Recent) => ({ spanMillis, completed, cancelled, dead })

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
