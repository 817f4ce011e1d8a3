/**
 * Enqueueing by name: validated by the registered definition, or by the guards of JSON alone.
 */
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Defaults from "../Defaults.ts"
import type { EncodedRequest } from "../EnqueueOptions.ts"
import type * as JobDefaults from "../JobDefaults.ts"
import type { Registered } from "../JobRegistry.ts"
import type { EnqueueError, InvalidOption, InvalidPayload } from "../QueueError.ts"
import { UnknownJob } from "../QueueError.ts"
import * as NewJobs from "./newJob.ts"
import type { Order, OrderError, Producer } from "./producer.ts"
import * as Text from "./text.ts"

/** The methods of `Queue` that enqueue by name. */
export const make = (registry: Registered, produce: Producer["produce"]) => ({
  enqueueEncoded: (request: EncodedRequest): Effect.Effect<InsertResult, EnqueueError | UnknownJob> =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(toOrder(registry, request))),
      (order) => produceOne(produce, order)
    ),
  enqueueAllEncoded: (
    requests: ReadonlyArray<EncodedRequest>
  ): Effect.Effect<ReadonlyArray<InsertResult>, EnqueueError | UnknownJob> =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(Result.all(requests.map((request) => toOrder(registry, request))))),
      produce
    )
})

/** Stores one job. */
export const produceOne = (produce: Producer["produce"], order: Order): Effect.Effect<InsertResult, OrderError> =>
  Effect.flatMap(produce([order]), ([result]) =>
    // The port promises as many results as jobs: fewer is a bug of the driver.
    result === undefined ? Effect.die(new Error("Storage.insert returned no result")) : Effect.succeed(result))

/** The new job of a request. */
export const toNewJob = (
  registry: Registered,
  request: EncodedRequest,
  defaults: JobDefaults.Values
): Result.Result<NewJob, InvalidPayload | InvalidOption | UnknownJob> =>
  Result.map(toOrder(registry, request), (order) => NewJobs.jobOf(order, defaults))

const toOrder = (
  registry: Registered,
  { name, payload, ...options }: EncodedRequest
): Result.Result<Order, InvalidPayload | InvalidOption | UnknownJob> => {
  const definition = registry.definitions.get(name)
  if (definition !== undefined) return NewJobs.orderJson(definition, payload, options)
  if (!registry.strict) return NewJobs.orderUnknown(name, payload, options)
  return Result.fail(
    new UnknownJob({
      name: Text.sanitise(Text.fromUnknown(name), Defaults.nameLength),
      known: [...registry.definitions.keys()]
    })
  )
}
