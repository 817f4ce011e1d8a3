/**
 * Planted bugs of inserts, promotions, order, cancellations and pauses.
 */
import type { ClaimOptions } from "@millrace/storage/Claim"
import type { JobId } from "@millrace/storage/JobId"
import * as JobIds from "@millrace/storage/JobId"
import type * as MemoryStorage from "@millrace/storage/MemoryStorage"
import type { InsertResult } from "@millrace/storage/NewJob"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import type { Service } from "../network.ts"
import type { Bug, Plant } from "../plant.ts"
import { atOtherTime, inStorage, nothing } from "../plant.ts"
import * as Port from "../port.ts"

/** The order in which a claim chooses. */
const choosing = (
  order: (candidates: ReadonlyArray<MemoryStorage.Candidate>) => ReadonlyArray<MemoryStorage.Candidate>
): Plant => ({
  ...nothing,
  memory: {
    choose: ({ limit, suspects }: ClaimOptions, candidates) =>
      order(candidates).slice(0, suspects === true ? 1 : limit).map(({ id }) => id)
  }
})

/** One insert in thirty is answered, and then rolled back. */
const loseInserts: Plant = inStorage((storage, { dice }) => ({
  ...storage,
  insert: (jobs) =>
    Effect.tap(storage.insert(jobs), (results) =>
      dice.chance(1 / 30)
        ? storage.transition(results.flatMap(({ _tag, id }) => _tag === "Enqueued" ? [id] : []), { _tag: "Remove" })
        : Effect.void)
}))

/** Jobs that wait, in the order in which they are due, as the storage itself lists them. */
const waitingJobs = (storage: Service) => storage.list({ states: ["scheduled", "retryable"], limit: 1_000 })

/** What a promotion moves is handed to `then`. */
const afterPromotion =
  (then: (storage: Service, ids: ReadonlyArray<JobId>) => Effect.Effect<unknown, StorageError>) =>
  (storage: Service): Service => ({
    ...storage,
    promote: (options) =>
      Effect.gen(function*() {
        const { items } = yield* waitingJobs(storage)
        const promoted = yield* storage.promote(options)
        const left = new Set((yield* waitingJobs(storage)).items.map(({ id }) => id))
        yield* then(storage, items.flatMap(({ id }) => left.has(id) ? [] : [id]))
        return promoted
      })
  })

const removeAll = (storage: Service, ids: ReadonlyArray<JobId>) => storage.transition(ids, { _tag: "Remove" })

const insertAgain = (storage: Service, ids: ReadonlyArray<JobId>) =>
  Effect.flatMap(storage.list({ ids, limit: 1_000 }), ({ items }) => storage.insert(items.map(Port.copyOf)))

/** A unique key stays taken when its job has ended. */
const keepKeys = (storage: Service): Service => {
  const holders = new Map<string, InsertResult>()
  return {
    ...storage,
    insert: (jobs) =>
      Effect.forEach(jobs, (job) => {
        const key = Port.keyOf(job)
        const holder = key === null ? undefined : holders.get(key)
        if (holder !== undefined) return Effect.succeed<InsertResult>({ _tag: "Duplicate", id: holder.id })
        return Effect.map(storage.insert([job]), (results) => {
          const result = results[0] ?? { _tag: "Duplicate", id: JobIds.makeUnsafe(1) }
          if (key !== null) holders.set(key, result)
          return result
        })
      })
  }
}

/** A unique key is free as soon as its job runs. */
const freeKeysEarly = (storage: Service): Service => ({
  ...storage,
  insert: (jobs) =>
    Effect.flatMap(storage.list({ states: ["running"], limit: 1_000 }), ({ items }) => {
      const running = new Set(items.flatMap(({ uniqueKey }) => uniqueKey ?? []))
      return storage.insert(jobs.map((job) => running.has(Port.keyOf(job) ?? "") ? Port.withoutKey(job) : job))
    })
})

/** What a storage does with the cancellation of jobs in these states: it says that it is done, and does nothing. */
const ignoreCancel = (isMeant: (state: string) => boolean) => (storage: Service): Service => ({
  ...storage,
  transition: (ids, action) =>
    action._tag !== "Cancel" ? storage.transition(ids, action) : Effect.flatMap(
      storage.list({ ids, limit: 1_000 }),
      ({ items }) => {
        const meant = items.filter(({ state }) => isMeant(state))
        const others = ids.filter((id) => !meant.some((record) => record.id === id))
        return Effect.map(storage.transition(others, action), (results) => [
          ...results,
          ...meant.map(({ id, state }) => ({
            id,
            from: state,
            to: state === "running" ? "requested" as const : "cancelled" as const
          }))
        ])
      }
    )
})

/** The bugs. */
export const bugs: ReadonlyArray<Bug> = [
  { name: "inserts answered before they are stored", plant: loseInserts },
  { name: "promoted jobs are lost", plant: inStorage(afterPromotion(removeAll)) },
  { name: "promoted jobs are there twice", plant: inStorage(afterPromotion(insertAgain)) },
  {
    name: "jobs are promoted one millisecond too early",
    plant: inStorage((storage) => ({ ...storage, promote: (options) => atOtherTime(storage.promote(options), 1) }))
  },
  {
    name: "jobs that are due now are not promoted",
    plant: inStorage((storage) => ({ ...storage, promote: (options) => atOtherTime(storage.promote(options), -1) }))
  },
  { name: "unique keys are never free again", plant: inStorage(keepKeys) },
  { name: "unique keys are free too early", plant: inStorage(freeKeysEarly) },
  {
    name: "duplicates are accepted",
    plant: inStorage((storage) => ({
      ...storage,
      insert: (jobs) => storage.insert(jobs.map(Port.withoutKey))
    }))
  },
  { name: "cancelling a running job is forgotten", plant: inStorage(ignoreCancel((state) => state === "running")) },
  { name: "cancelling a waiting job is forgotten", plant: inStorage(ignoreCancel((state) => state !== "running")) },
  {
    name: "workers are not told of cancellations",
    plant: inStorage((storage) => ({
      ...storage,
      renew: (request) =>
        Effect.map(
          storage.renew(request),
          (result) => result._tag === "Renewed" ? { ...result, cancellations: [] } : result
        )
    }))
  },
  { name: "the newest job of a tenant comes first", plant: choosing((candidates) => candidates.toReversed()) },
  {
    name: "priorities are ignored",
    plant: choosing((candidates) => candidates.toSorted((a, b) => Number(a.id) - Number(b.id)))
  },
  {
    name: "a tenant with many jobs keeps the others waiting",
    plant: choosing((candidates) =>
      candidates.toSorted((a, b) => a.priority - b.priority || (a.tenant < b.tenant ? -1 : a.tenant > b.tenant ? 1 : 0))
    )
  },
  {
    name: "a paused queue lends jobs",
    plant: inStorage((storage) => ({
      ...storage,
      control: (command) => command._tag === "PauseQueue" ? Effect.void : storage.control(command)
    }))
  },
  {
    name: "a claim gets more than it asked for",
    plant: inStorage((storage) => ({
      ...storage,
      claim: (options) => storage.claim({ ...options, limit: options.limit + 1 })
    }))
  },
  {
    name: "the history loses attempts",
    plant: inStorage((storage) => Port.withHistory(storage, (attempts) => attempts.slice(-1)))
  }
]
