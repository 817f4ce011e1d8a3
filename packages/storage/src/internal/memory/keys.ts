/**
 * Unique keys: who holds one, and for how long.
 */
import type { JobId } from "../../JobId.ts"
import type { Unique } from "../../NewJob.ts"

/** A key that was taken: held while the job lives (`isLive`), and until an instant. */
export interface MemoryKey {
  readonly jobId: JobId
  readonly until: number | null
  isLive: boolean
}

/** The keys by their text. */
export type Keys = Map<string, MemoryKey>

/** The job that holds a key now. */
export const holderOf = (keys: Keys, key: string, now: number): JobId | undefined => {
  const entry = keys.get(key)
  return entry !== undefined && (entry.isLive || (entry.until !== null && entry.until > now)) ? entry.jobId : undefined
}

/** Takes a key that nobody holds. */
export const take = (keys: Keys, { holds, key, periodMillis }: Unique, jobId: JobId, now: number): void => {
  const until = periodMillis === null ? null : now + Math.ceil(periodMillis)
  keys.set(key, { jobId, until, isLive: holds !== "period" })
}

/** Takes the key of a job that ended for it again; false while another job holds it. */
export const retake = (keys: Keys, key: string, jobId: JobId, now: number): boolean => {
  const holder = holderOf(keys, key, now)
  if (holder !== undefined && holder !== jobId) return false
  keys.set(key, { jobId, until: holder === undefined ? null : keys.get(key)?.until ?? null, isLive: true })
  return true
}

/** A job does not hold its key by its life any more. */
export const release = (keys: Keys, key: string | null, jobId: JobId): void => {
  const entry = key === null ? undefined : keys.get(key)
  if (key === null || entry?.jobId !== jobId) return
  if (entry.until === null) keys.delete(key)
  else entry.isLive = false
}

/** Forgets keys that nobody holds. */
export const sweep = (keys: Keys, now: number): void => {
  for (const key of keys.keys()) if (holderOf(keys, key, now) === undefined) keys.delete(key)
}
