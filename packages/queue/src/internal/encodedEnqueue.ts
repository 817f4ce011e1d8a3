/**
 * Enqueueing by name: validated by the registered definition, or by the guards of JSON alone.
 */
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Defaults from "../Defaults.ts"
import type { EncodedRequest } from "../EnqueueOptions.ts"
import type { Registered } from "../JobRegistry.ts"
import type { EnqueueError, InvalidOption, InvalidPayload } from "../QueueError.ts"
import { UnknownJob } from "../QueueError.ts"
import * as NewJobs from "./newJob.ts"
import * as Text from "./text.ts"

/** Stores validated jobs. */
type Insert = (jobs: ReadonlyArray<NewJob>) => Effect.Effect<ReadonlyArray<InsertResult>, StorageError>

/** The methods of `Queue` that enqueue by name. */
export const make = (registry: Registered, insert: Insert) => ({
  enqueueEncoded: (request: EncodedRequest): Effect.Effect<InsertResult, EnqueueError | UnknownJob> =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(toNewJob(registry, request))),
      (job) => insertOne(insert, job)
    ),
  enqueueAllEncoded: (
    requests: ReadonlyArray<EncodedRequest>
  ): Effect.Effect<ReadonlyArray<InsertResult>, EnqueueError | UnknownJob> =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(Result.all(requests.map((request) => toNewJob(registry, request))))),
      (jobs) => insertAll(insert, jobs)
    )
})

/** Stores one job. */
export const insertOne = (insert: Insert, job: NewJob): Effect.Effect<InsertResult, StorageError> =>
  Effect.flatMap(insert([job]), ([result]) =>
    // The port promises as many results as jobs: fewer is a bug of the driver.
    result === undefined ? Effect.die(new Error("Storage.insert returned no result")) : Effect.succeed(result))

/** Stores jobs in chunks, each all or nothing, one after the other. */
export const insertAll = (
  insert: Insert,
  jobs: ReadonlyArray<NewJob>
): Effect.Effect<ReadonlyArray<InsertResult>, StorageError> =>
  jobs.length <= Defaults.insertBatch
    ? jobs.length === 0 ? Effect.succeed([]) : insert(jobs)
    : Effect.map(Effect.forEach(Arr.chunksOf(jobs, Defaults.insertBatch), insert), (chunks) => chunks.flat())

const toNewJob = (
  registry: Registered,
  { name, payload, ...options }: EncodedRequest
): Result.Result<NewJob, InvalidPayload | InvalidOption | UnknownJob> => {
  const definition = registry.definitions.get(name)
  if (definition !== undefined) return NewJobs.fromJson(definition, payload, options)
  if (!registry.strict) return NewJobs.fromUnknown(name, payload, options)
  return Result.fail(
    new UnknownJob({
      name: Text.sanitise(Text.fromUnknown(name), Defaults.nameLength),
      known: [...registry.definitions.keys()]
    })
  )
}
