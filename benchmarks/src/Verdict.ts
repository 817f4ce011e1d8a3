/**
 * Ratios: every contender against the best PostgreSQL peer of the same run. Pure.
 *
 * Above 1 is better for both goals: throughput compares rates, latency compares
 * the p50 the other way round.
 */
import * as Measure from "./Measure.ts"
import type { Summary } from "./Sample.ts"
import type { Goal } from "./Scenario.ts"

/** The summary of one contender. */
export interface Standing {
  readonly contender: string
  readonly ours: boolean
  readonly store: "postgres" | "redis"
  readonly summary: Summary
}

/** The figure that a goal is about; null when the contender has none or has failed. */
const figure = (goal: Goal, summary: Summary): number | null =>
  summary.failures.length > 0 ? null : goal === "latency" ? summary.p50 : summary.jobsPerSecond

/** Whether `a` is better than `b` under a goal. */
const isBetter = (goal: Goal, a: number, b: number): boolean => goal === "latency" ? a < b : a > b

/** The best figure of the peers on PostgreSQL; null when none has one. */
export const bestPeer = (goal: Goal, standings: ReadonlyArray<Standing>): number | null =>
  standings.filter((standing) => !standing.ours && standing.store === "postgres")
    .map((standing) => figure(goal, standing.summary))
    .reduce((best, value) => value !== null && (best === null || isBetter(goal, value, best)) ? value : best, null)

/** How many times better than the best PostgreSQL peer a contender is. */
export const againstBestPeer = (
  goal: Goal,
  standing: Standing,
  standings: ReadonlyArray<Standing>
): number | null => {
  const mine = figure(goal, standing.summary)
  const best = bestPeer(goal, standings)
  return goal === "latency" ? Measure.ratio(best, mine) : Measure.ratio(mine, best)
}

/** Our ratio in a scenario; null when we or all peers are missing. */
export const ourRatio = (goal: Goal, standings: ReadonlyArray<Standing>): number | null => {
  const ours = standings.find((standing) => standing.ours)
  return ours === undefined ? null : againstBestPeer(goal, ours, standings)
}
