/**
 * The parts of the storage port that several modules of the simulator look into.
 */
import type { Attempt } from "@millrace/storage/Attempt"
import type { ClaimOptions } from "@millrace/storage/Claim"
import type { JobId } from "@millrace/storage/JobId"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { NewJob } from "@millrace/storage/NewJob"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import type { Service } from "./network.ts"

/** The unique key of a new job. */
export const keyOf = ({ unique }: NewJob): string | null => unique?.key ?? null

/** A new job without a unique key. */
export const withoutKey = (job: NewJob): NewJob => ({ ...job, unique: null })

/** Does a claim ask for jobs like this? */
export const isHandled = ({ handles }: ClaimOptions, { name, version }: NewJob): boolean =>
  handles.some((handle) => handle.name === name && handle.versionMin <= version && version <= handle.versionMax)

/** Is a job under limits? */
export const isLimited = ({ limits }: NewJob): boolean => limits.length > 0

/** The keys of the limits that a job is under, each as a text. */
export const limitsOf = ({ limits }: NewJob): ReadonlyArray<{ readonly name: string; readonly id: string }> =>
  limits.map(({ key, name }) => ({ name, id: JSON.stringify([name, key]) }))

/** The attempts of a job. */
export const historyOf = (storage: Service, id: JobId): Effect.Effect<ReadonlyArray<Attempt>, StorageError> =>
  storage.inspect.history(id)

/** A storage whose histories are changed. */
export const withHistory = (
  storage: Service,
  change: (attempts: ReadonlyArray<Attempt>) => ReadonlyArray<Attempt>
): Service => ({
  ...storage,
  inspect: { ...storage.inspect, history: (id) => Effect.map(storage.inspect.history(id), change) }
})

/** A job like a stored one, without its unique key. */
export const copyOf = (record: JobRecord): NewJob => ({
  name: record.name,
  version: record.version,
  queue: record.queue,
  tenant: record.tenant,
  priority: record.priority,
  payload: record.payload,
  delayMillis: 0,
  runAt: null,
  ttlMillis: null,
  maxAttempts: record.maxAttempts,
  timeoutMillis: record.timeoutMillis,
  retry: record.retry,
  unique: null,
  debounce: null,
  limits: [],
  tags: record.tags
})
