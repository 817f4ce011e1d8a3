/**
 * The two storages of a run, and what belongs to what in them: ids, claims, workers.
 */
import type { Claim, JobId, JobRecord, NewJob, Storage } from "@millrace/storage"
import { MemoryStorage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import type { Offered } from "./judge.ts"

/** One claim as both storages gave it. */
export interface ClaimPair {
  readonly workerId: string
  readonly claimedAt: number
  readonly driver: Claim.Claim
  readonly reference: Claim.Claim
}

/** The jobs of a storage at one moment, by their ids in the reference; `text` tells a changed one. */
export type Snapshot = ReadonlyMap<JobId.JobId, { readonly job: JobRecord.JobRecord; readonly text: string }>

/** Everything a run knows. Jobs are named by their ids in the reference. */
export interface World {
  readonly driver: Storage.Storage["Service"]
  readonly reference: Storage.Storage["Service"]
  readonly driverIds: Map<JobId.JobId, JobId.JobId>
  readonly referenceIds: Map<JobId.JobId, JobId.JobId>
  readonly claims: Array<ClaimPair>
  readonly leaseIds: Set<string>
  readonly generations: Map<number, number>
  readonly cohorts: Map<JobId.JobId, string>
  readonly reported: Set<JobId.JobId>
  /** What the driver showed and the reference holds after the step before. */
  driverJobs: Snapshot
  referenceJobs: Snapshot
  /** What the reference offered to the claim under way, and what it shall lend. */
  offered: ReadonlyArray<Offered> | null
  wanted: ReadonlyArray<JobId.JobId>
}

/** A world of a driver and a new reference, both empty. */
export const makeWorld = Effect.fnUntraced(function*(driver: Storage.Storage["Service"]) {
  const choose: NonNullable<MemoryStorage.Options["choose"]> = (_, candidates) => {
    world.offered = candidates.map(({ gate, id, priority, tenant }) => ({
      gate,
      id,
      priority,
      tenant,
      cohort: world.cohorts.get(id) ?? id
    }))
    const ids = new Set(candidates.map((candidate) => candidate.id))
    return [...new Set(world.wanted)].filter((id) => ids.has(id))
  }
  const world: World = {
    driver,
    reference: yield* MemoryStorage.make({ choose }),
    driverIds: new Map(),
    referenceIds: new Map(),
    claims: [],
    leaseIds: new Set(),
    generations: new Map(),
    cohorts: new Map(),
    reported: new Set(),
    driverJobs: new Map(),
    referenceJobs: new Map(),
    offered: null,
    wanted: []
  }
  return world
})

/** Remembers that two ids name the same job. */
export const pair = (world: World, driver: NewJob.InsertResult, reference: NewJob.InsertResult): void => {
  world.driverIds.set(reference.id, driver.id)
  world.referenceIds.set(driver.id, reference.id)
}

/** The id in the driver of a job of the reference. */
export const toDriver = (world: World, id: JobId.JobId): JobId.JobId => world.driverIds.get(id) ?? id

/** The id in the reference of a job of the driver; an id that the reference can not have when it is unknown. */
export const toReference = (world: World, id: JobId.JobId): JobId.JobId =>
  world.referenceIds.get(id) ?? (`unknown ${id}` as JobId.JobId)

/** The id of a worker, a new one after it was lost or left. */
export const workerId = (world: World, worker: number): string => `w${worker}-${world.generations.get(worker) ?? 0}`

/** Gives a worker a new id. */
export const renewWorkerId = (world: World, worker: number): void => {
  world.generations.set(worker, (world.generations.get(worker) ?? 0) + 1)
}

/** The job of this number, counted from the newest, round and round. */
export const jobAt = (world: World, number: number): JobId.JobId | undefined => {
  const ids = [...world.driverIds.keys()]
  return ids[ids.length - 1 - number % Math.max(1, ids.length)]
}

/** The claim of this number, counted from the newest, round and round. */
export const claimAt = (world: World, number: number): ClaimPair | undefined =>
  world.claims[world.claims.length - 1 - number % Math.max(1, world.claims.length)]
