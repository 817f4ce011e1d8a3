/**
 * Reading and steering stored jobs, with errors that name the job.
 */
import type { JobId } from "@millrace/storage/JobId"
import type { JobQuery } from "@millrace/storage/JobQuery"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { Storage, TransitionAction, TransitionResult } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Defaults from "../Defaults.ts"
import type { JobChange } from "../EnqueueOptions.ts"
import * as Explanation from "../Explanation.ts"
import type { InvalidOption } from "../QueueError.ts"
import { IllegalTransition, JobNotFound } from "../QueueError.ts"
import * as Checks from "./optionChecks.ts"
import * as Text from "./text.ts"

/** Reason of a cancel that states none. */
const reasonDefault = "cancelled on request"

/** The reading and steering methods of `Queue`. */
export const make = (storage: Storage["Service"]) => ({
  get: (id: JobId) => getOne(storage, id),
  list: (query: JobQuery) => storage.list(query),
  history: (id: JobId) =>
    Effect.tap(storage.inspect.history(id), (attempts) => attempts.length === 0 ? getOne(storage, id) : Effect.void),
  overview: storage.overview,
  cancel: (id: JobId, reason: string = reasonDefault) =>
    transitionOne(storage, id, { _tag: "Cancel", reason: Text.sanitise(Text.fromUnknown(reason), Defaults.textBytes) }),
  retry: (id: JobId) => transitionOne(storage, id, { _tag: "Retry" }),
  promote: (id: JobId) => transitionOne(storage, id, { _tag: "Promote" }),
  remove: (id: JobId) => transitionOne(storage, id, { _tag: "Remove" }),
  change: (id: JobId, to: JobChange) =>
    Effect.flatMap(
      Effect.suspend(() => Effect.fromResult(toChange(to))),
      (action) => transitionOne(storage, id, action)
    ),
  transition: (ids: ReadonlyArray<JobId>, action: TransitionAction) => storage.transition(ids, action),
  logs: (id: JobId) =>
    Effect.tap(storage.inspect.logs(id), (entries) => entries.length === 0 ? getOne(storage, id) : Effect.void),
  explain: (id: JobId) =>
    Effect.flatMap(
      storage.inspect.explain(id),
      (facts) => facts === null ? Effect.fail(new JobNotFound({ id })) : Effect.succeed(Explanation.fromFacts(facts))
    )
})

const getOne = (storage: Storage["Service"], id: JobId): Effect.Effect<JobRecord, JobNotFound | StorageError> =>
  Effect.flatMap(
    storage.list({ ids: [id], limit: 1 }),
    ({ items: [record] }) => record === undefined ? Effect.fail(new JobNotFound({ id })) : Effect.succeed(record)
  )

const toChange = ({ delay, priority, runAt, tags }: JobChange): Result.Result<TransitionAction, InvalidOption> =>
  delay !== undefined && runAt !== undefined
    ? Checks.refuse("delay", "delay and runAt exclude each other")
    : Result.gen(function*() {
      return {
        _tag: "Change",
        priority: priority === undefined ? null : yield* Checks.priority(priority),
        tags: tags === undefined ? null : yield* Checks.tags(tags),
        delayMillis: delay === undefined ? null : yield* Checks.duration("delay", delay),
        runAt: runAt === undefined ? null : yield* Checks.instant("runAt", runAt)
      }
    })

const actionNames = {
  Cancel: "cancel",
  Retry: "retry",
  Promote: "promote",
  Remove: "remove",
  Change: "change"
} as const

const transitionOne = (
  storage: Storage["Service"],
  id: JobId,
  action: TransitionAction
): Effect.Effect<TransitionResult, JobNotFound | IllegalTransition | StorageError> =>
  Effect.flatMap(
    storage.transition([id], action),
    ([result]): Effect.Effect<TransitionResult, JobNotFound | IllegalTransition> => {
      if (result === undefined) return Effect.fail(new JobNotFound({ id }))
      if (result.to !== "refused") return Effect.succeed(result)
      return Effect.fail(new IllegalTransition({ id, state: result.from, action: actionNames[action._tag] }))
    }
  )
