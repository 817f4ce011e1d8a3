/**
 * Planted bugs of limits.
 */
import type { JobLimit } from "@millrace/storage/Limit"
import * as Effect from "effect/Effect"
import type { Service } from "../network.ts"
import type { Bug } from "../plant.ts"
import { inStorage } from "../plant.ts"

/** Changes the limits under which jobs are stored. */
const withLimits =
  (change: (limit: JobLimit, queue: string) => ReadonlyArray<JobLimit>) => (storage: Service): Service => ({
    ...storage,
    insert: (jobs) =>
      storage.insert(jobs.map((job) => ({ ...job, limits: job.limits.flatMap((limit) => change(limit, job.queue)) })))
  })

/** The limits of the jobs that were lent. */
const rememberLimits = (storage: Service) => {
  const limits = new Map<string, ReadonlyArray<JobLimit>>()
  const claim: Service["claim"] = (options) =>
    Effect.tap(storage.claim(options), (claims) =>
      Effect.sync(() => {
        for (const each of claims) limits.set(each.id, each.limits)
      }))
  /** As if so many jobs could hold each key of these jobs from now on. */
  const distort = (ids: ReadonlyArray<string>, max: number) =>
    Effect.forEach(
      ids.flatMap((id) => limits.get(id) ?? []),
      ({ key, name }) => storage.control({ _tag: "OverrideLimit", limit: name, key, max, durationMillis: null })
    )
  return { claim, distort }
}

/** What is held of a limit goes wrong when a worker dies. */
const whenWorkersDie = (max: number) => (storage: Service): Service => {
  const { claim, distort } = rememberLimits(storage)
  return {
    ...storage,
    claim,
    reclaim: (options) =>
      Effect.tap(storage.reclaim(options), (reclaimed) => distort(reclaimed.map(({ id }) => id), max))
  }
}

/** What is held of a limit is never given back by a job that is to come back. */
const whenJobsComeBack = (storage: Service): Service => {
  const { claim, distort } = rememberLimits(storage)
  return {
    ...storage,
    claim,
    settle: (workerId, settlements) =>
      Effect.tap(storage.settle(workerId, settlements), () => {
        const back = settlements.filter(({ outcome }) => outcome._tag === "Snoozed" || outcome._tag === "Retried")
        return distort(back.map(({ id }) => id), 0)
      })
  }
}

/** The bugs. */
export const bugs: ReadonlyArray<Bug> = [
  { name: "limits are not counted", plant: inStorage(withLimits(() => [])) },
  {
    name: "every queue counts a limit by itself",
    plant: inStorage(withLimits((limit, queue) => [{ ...limit, key: `${limit.key} ${queue}` }]))
  },
  { name: "a hold leaks when its worker dies", plant: inStorage(whenWorkersDie(0)) },
  { name: "a hold is given back twice when its worker dies", plant: inStorage(whenWorkersDie(2)) },
  { name: "a hold leaks when its job comes back", plant: inStorage(whenJobsComeBack) }
]
