/**
 * Samples and alerts in the memory of one process, on any storage of jobs: for tests, and for programs whose jobs are in memory too.
 *
 * It reads all jobs of the storage for a probe.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Alert, Finding } from "./Alert.ts"
import type { JobRecord } from "./JobRecord.ts"
import type { JobState } from "./JobState.ts"
import type { QueueProbe, Sample, SampleQuery, Spread } from "./Sample.ts"
import { allQueues, spreadOf, stepsMax } from "./Sample.ts"
import { SampleStorage } from "./SampleStorage.ts"
import { Storage } from "./Storage.ts"

/**
 * Makes an empty one.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const storage = yield* Storage
  let samples: ReadonlyArray<Sample> = []
  let alerts: ReadonlyArray<Alert> = []
  return SampleStorage.of({
    probe: Effect.fnUntraced(function*({ queues, windowMillis }) {
      const jobs = yield* all(storage)
      const now = yield* Clock.currentTimeMillis
      const own = queues.toSorted().map((queue) =>
        probeOf(queue, jobs.filter((job) => job.queue === queue), now, windowMillis)
      )
      return [probeOf(allQueues, jobs, now, windowMillis), ...own]
    }),
    append: (added) =>
      Effect.map(DateTime.now, (at) => {
        samples = [...samples, ...added.map((sample) => ({ ...sample, at }))]
      }),
    latest: Effect.sync(() => {
      const newest = Math.max(...samples.map(atOf))
      return samples.filter((sample) => atOf(sample) === newest).toSorted(byQueue)
    }),
    list: (query) => Effect.sync(() => stepped(samples, query)),
    judge: (findings) =>
      Effect.map(DateTime.now, (now) => {
        const judged = judge(alerts, findings, now)
        alerts = judged.alerts
        return judged.changed
      }),
    alerts: ({ before, limit, state }) =>
      Effect.sync(() =>
        alerts.filter((alert) =>
          (state === undefined || alert.state === state) && (before === undefined || BigInt(alert.id) < BigInt(before))
        ).toReversed().slice(0, limit)
      ),
    prune: (olderThanMillis) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const kept = samples.filter((sample) => atOf(sample) >= now - olderThanMillis)
        const dropped = samples.length - kept.length
        samples = kept
        alerts = alerts.filter(({ resolvedAt }) =>
          resolvedAt === null || DateTime.toEpochMillis(resolvedAt) >= now - olderThanMillis
        )
        return dropped
      })
  })
})

/**
 * An empty one as a layer.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<SampleStorage, never, Storage> = Layer.effect(SampleStorage, make)

const atOf = ({ at }: Sample): number => DateTime.toEpochMillis(at)

const byQueue = (a: Sample, b: Sample): number => (a.queue < b.queue ? -1 : 1)

const all = Effect.fnUntraced(function*(storage: Storage["Service"]) {
  const jobs: Array<JobRecord> = []
  let page = yield* storage.list({ limit: 1000 })
  jobs.push(...page.items)
  while (page.next !== null) {
    page = yield* storage.list({ limit: 1000, before: page.next })
    jobs.push(...page.items)
  }
  return jobs
})

const probeOf = (queue: string, jobs: ReadonlyArray<JobRecord>, now: number, windowMillis: number): QueueProbe => {
  const waiting = jobs.filter(({ state }) => state === "available")
  const ended = jobs.filter((job) => job.finishedAt !== null && millisOf(job.finishedAt) > now - windowMillis)
  const count = (state: JobState) => ended.filter((job) => job.state === state).length
  return {
    queue,
    oldestWaitingMillis: oldest(waiting.map(({ runAt }) => now - millisOf(runAt))),
    longestRunningMillis: oldest(
      jobs.flatMap(({ startedAt, state }) =>
        state === "running" && startedAt !== null ? [now - millisOf(startedAt)] : []
      )
    ),
    completed: count("completed"),
    cancelled: count("cancelled"),
    dead: count("dead"),
    waits: spreadOf(ended.flatMap(({ runAt, startedAt }) => between(runAt, startedAt))),
    runs: spreadOf(ended.flatMap(({ finishedAt, startedAt }) => between(startedAt, finishedAt))),
    waitingNames: [...new Set(waiting.map(({ name }) => name))].toSorted()
  }
}

const millisOf = DateTime.toEpochMillis

const oldest = (ages: ReadonlyArray<number>): number | null =>
  ages.length === 0 ? null : Math.max(0, ages.reduce((most, age) => Math.max(most, age)))

const between = (from: DateTime.Utc | null, to: DateTime.Utc | null): ReadonlyArray<number> =>
  from === null || to === null ? [] : [Math.max(0, millisOf(to) - millisOf(from))]

const stepped = (
  samples: ReadonlyArray<Sample>,
  { from, queue, stepMillis, to }: SampleQuery
): ReadonlyArray<Sample> => {
  const steps = new Map<number, Sample>()
  for (const sample of samples) {
    const at = atOf(sample)
    if (sample.queue !== queue || at < millisOf(from) || at >= millisOf(to)) continue
    const step = Math.floor(at / stepMillis) * stepMillis
    const before = steps.get(step)
    const merged = before === undefined ? sample : mergeInto(before, sample)
    steps.set(step, { ...merged, at: DateTime.makeUnsafe(step) })
  }
  return [...steps.values()].slice(0, stepsMax)
}

const mergeInto = (before: Sample, next: Sample): Sample => ({
  ...next,
  spanMillis: before.spanMillis + next.spanMillis,
  oldestWaitingMillis: worst(before.oldestWaitingMillis, next.oldestWaitingMillis),
  longestRunningMillis: worst(before.longestRunningMillis, next.longestRunningMillis),
  completed: before.completed + next.completed,
  cancelled: before.cancelled + next.cancelled,
  dead: before.dead + next.dead,
  waits: worstSpread(before.waits, next.waits),
  runs: worstSpread(before.runs, next.runs)
})

const worst = (a: number | null, b: number | null): number | null => a === null ? b : b === null ? a : Math.max(a, b)

const worstSpread = (a: Spread | null, b: Spread | null): Spread | null =>
  a === null
    ? b
    : b === null
    ? a
    : {
      mean: Math.max(a.mean, b.mean),
      p50: Math.max(a.p50, b.p50),
      p95: Math.max(a.p95, b.p95),
      p99: Math.max(a.p99, b.p99)
    }

const judge = (alerts: ReadonlyArray<Alert>, findings: ReadonlyArray<Finding>, now: DateTime.Utc) => {
  const found = new Map(findings.map((finding) => [keyOf(finding), finding]))
  const firing = new Set(alerts.filter(({ state }) => state === "firing").map(keyOf))
  const resolved: Array<Alert> = []
  const kept = alerts.map((alert): Alert => {
    if (alert.state === "resolved") return alert
    const finding = found.get(keyOf(alert))
    if (finding !== undefined) return { ...alert, ...finding }
    const ended: Alert = { ...alert, state: "resolved", resolvedAt: now }
    resolved.push(ended)
    return ended
  })
  const lastId = Number(alerts.at(-1)?.id ?? 0)
  const fired = [...found].filter(([key]) => !firing.has(key)).map(([, finding], index): Alert => ({
    id: String(lastId + 1 + index),
    ...finding,
    state: "firing",
    since: now,
    resolvedAt: null
  }))
  return { alerts: [...kept, ...fired], changed: [...fired, ...resolved] }
}

const keyOf = ({ name, queue, rule }: Finding): string => JSON.stringify([rule, queue, name])
