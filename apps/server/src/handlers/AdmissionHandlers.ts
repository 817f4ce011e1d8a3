/**
 * The endpoints of who runs next: tenants, limits, job names.
 *
 * @since 0.1.0
 */
import { AdmissionView, Api, ApiError, Cursor, ResourceError } from "@millrace/api"
import { Queue } from "@millrace/queue"
import type { QueueError } from "@millrace/queue"
import type { StorageError } from "@millrace/storage"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as StorageFailure from "../StorageFailure.ts"
import * as Position from "./Position.ts"

type Queues = Queue.Queue["Service"]

/**
 * The handlers of the group `admission`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "admission",
  Effect.fnUntraced(function*(handlers) {
    const queue = yield* Queue.Queue
    const paused = (name: string, paused: boolean) => Effect.succeed({ name, paused })
    return handlers.handleAll({
      tenants: ({ query }) => tenants(queue, query),
      pauseTenant: ({ params: { name } }) =>
        Effect.andThen(StorageFailure.answered(queue.pause({ tenant: name })), paused(name, true)),
      resumeTenant: ({ params: { name } }) =>
        Effect.andThen(StorageFailure.answered(queue.resume({ tenant: name })), paused(name, false)),
      weighTenant: ({ params: { name }, payload: { queue: only, weight } }) =>
        accepted(queue.admission.setWeight(name, weight, only === undefined ? {} : { queue: only })),
      pauseJobType: ({ params: { name } }) =>
        Effect.andThen(StorageFailure.answered(queue.pause({ name })), paused(name, true)),
      resumeJobType: ({ params: { name } }) =>
        Effect.andThen(StorageFailure.answered(queue.resume({ name })), paused(name, false)),
      limits: () =>
        Effect.map(StorageFailure.answered(queue.admission.limits), (limits) => ({
          items: limits.map(AdmissionView.fromLimit),
          nextCursor: null
        })),
      limit: ({ params: { name } }) => find(queue, name),
      pauseLimit: ({ params: { name }, payload: { during, key } }) =>
        changed(queue, name, queue.pause(target(name, key), timeOf("during", during))),
      resumeLimit: ({ params: { name }, payload: { key } }) => changed(queue, name, queue.resume(target(name, key))),
      override: ({ params: { name }, payload: { during, per, ...numbers } }) =>
        changed(
          queue,
          name,
          queue.admission.override(name, { ...numbers, ...timeOf("during", during), ...timeOf("per", per) })
        ),
      clearOverride: ({ params: { name }, query: { key } }) =>
        Effect.asVoid(changed(queue, name, queue.admission.clearOverride(name, key)))
    })
  })
)

const target = (limit: string, key: string | undefined) => key === undefined ? { limit } : { limit, key }

/** The contract checked the text: it is a number, a space and a unit. */
const timeOf = <const Name extends string>(
  name: Name,
  text: string | undefined
): { readonly [N in Name]?: Duration.Input } =>
  text === undefined ? {} : { [name]: text as Duration.Input } as { readonly [N in Name]: Duration.Input }

const tenants = Effect.fnUntraced(function*(
  queue: Queues,
  { cursor, limit = Position.limitDefault }: { readonly cursor?: string; readonly limit?: number }
) {
  const after = yield* Position.read(cursor)
  // One more than asked for tells whether another page follows.
  const found = yield* StorageFailure.answered(
    queue.admission.tenants({ limit: limit + 1, ...(after === null ? {} : { after }) })
  )
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map(AdmissionView.fromTenant),
    nextCursor: found.length > limit && last !== undefined ? Cursor.encodeText(last.tenant) : null
  }
})

const find = Effect.fnUntraced(function*(queue: Queues, name: string) {
  const limits = yield* StorageFailure.answered(queue.admission.limits)
  const limit = limits.find(({ rule }) => rule.name === name)
  return limit === undefined ? yield* limitNotFound(name) : AdmissionView.fromLimit(limit)
})

/** Changes a limit that is there, and answers how it is then. */
const changed = (
  queue: Queues,
  name: string,
  change: Effect.Effect<void, QueueError.InvalidOption | StorageError.StorageError>
) => Effect.andThen(find(queue, name), Effect.andThen(accepted(change), find(queue, name)))

const accepted = (
  change: Effect.Effect<void, QueueError.InvalidOption | StorageError.StorageError>
): Effect.Effect<void, StorageFailure.Answer> =>
  Effect.catch(change, (error) =>
    error._tag === "StorageError"
      ? StorageFailure.refuse(error)
      : Effect.fail(new ApiError.InvalidRequest({ error: { message: error.message, field: error.field } })))

const limitNotFound = (name: string) =>
  new ResourceError.LimitNotFound({
    error: {
      message: `There is no limit ${name}`,
      hint: "A limit is known once a worker or a producer declared it: GET /api/v1/limits lists them"
    }
  })
