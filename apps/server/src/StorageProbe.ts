/**
 * Looks whether the storage answers, for `/health` and `/ready`: fast, and never longer than its deadline.
 *
 * At most one look is under way at a time, however many ask, and its finding is good for a moment. Who waits too long
 * goes on without it: the look itself may hang in a connection that nobody answers.
 *
 * @since 0.1.0
 */
import type { ApiError } from "@millrace/api"
import { Queue } from "@millrace/queue"
import { JobId } from "@millrace/storage"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as StorageFailure from "./StorageFailure.ts"

/**
 * The probe. `look` answers null when the storage is available, else why it is not.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class StorageProbe extends Context.Service<StorageProbe, {
  readonly look: Effect.Effect<ApiError.Details | null>
}>()("@millrace/server/StorageProbe") {}

/** The longest time that `look` takes: 2 seconds. Probes usually give up after three to five. */
const deadline = Duration.seconds(2)

/** How long a finding is good for: probes of several balancers at once cost one query. */
const findingMillis = 250

/**
 * A job that does not exist costs one probe of an index, and never finds anything to read.
 */
const nobody = JobId.makeUnsafe("9223372036854775807")

interface Finding {
  readonly details: ApiError.Details | null
  readonly atMillis: number
}

/**
 * The probe of the queue's storage.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<StorageProbe, never, Queue.Queue> = Layer.effect(
  StorageProbe,
  Effect.gen(function*() {
    const queue = yield* Queue.Queue
    const scope = yield* Effect.scope
    let last: Finding | null = null
    let underWay: Fiber.Fiber<Finding> | null = null

    const ask = queue.list({ ids: [nobody], limit: 1 }).pipe(
      Effect.as(null),
      StorageFailure.answered,
      Effect.catch((error) => Effect.succeed<ApiError.Details | null>(error.error)),
      Effect.zipWith(Clock.currentTimeMillis, (details, atMillis): Finding => ({ details, atMillis })),
      Effect.tap((finding) => Effect.sync(() => (last = finding))),
      Effect.ensuring(Effect.sync(() => (underWay = null)))
    )

    const start = Effect.suspend(() =>
      underWay !== null
        ? Effect.succeed(underWay)
        : Effect.tap(Effect.forkIn(ask, scope), (fiber) => Effect.sync(() => (underWay = fiber)))
    )

    const look = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (last !== null && now - last.atMillis < findingMillis) return last.details
      const fiber = yield* start
      const finding = yield* Effect.timeoutOption(Fiber.join(fiber), deadline)
      return finding._tag === "Some" ? finding.value.details : StorageFailure.details("Unavailable")
    })

    return StorageProbe.of({ look })
  })
)
