/**
 * The `CurrentJob` of a running attempt.
 */
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type { Info } from "../CurrentJob.ts"
import * as Defaults from "../Defaults.ts"
import { InvalidOption } from "../QueueError.ts"
import type { Held } from "./claimTable.ts"
import * as JsonGuard from "./jsonGuard.ts"
import * as Reports from "./reportQueue.ts"
import * as Text from "./text.ts"
import * as Transaction from "./transaction.ts"
import * as Workshop from "./workshop.ts"

/** The attempt of a claim. A class, so that making one for every job costs no closures. */
export class Attempt implements Info {
  readonly #shop: Workshop.Workshop
  readonly #held: Held

  constructor(shop: Workshop.Workshop, held: Held) {
    this.#shop = shop
    this.#held = held
  }

  get id() {
    return this.#held.claim.id
  }
  get name() {
    return this.#held.claim.name
  }
  get attempt() {
    return this.#held.claim.attempt
  }
  get maxAttempts() {
    return this.#held.claim.maxAttempts
  }
  get token() {
    return this.#held.claim.token
  }
  get leaseId() {
    return this.#held.claim.leaseId
  }
  get queue() {
    return this.#held.claim.queue
  }
  get tenant() {
    return this.#held.claim.tenant
  }
  get tags() {
    return this.#held.claim.tags
  }
  get createdAt() {
    return DateTime.makeUnsafe(this.#held.claim.createdAtMillis)
  }
  get deadline() {
    const leftMillis = this.#held.timeoutAtMillis - Workshop.nowMillis(this.#shop)
    if (!Number.isFinite(leftMillis)) return null
    return DateTime.makeUnsafe(Math.round(this.#shop.clock.currentTimeMillisUnsafe() + leftMillis))
  }

  progress(value: number, note?: string): Effect.Effect<void> {
    const progress = value >= 0 ? Math.min(value, 1) : 0
    return this.#report(() =>
      note === undefined ? { progress } : { progress, note: Text.sanitise(Text.fromUnknown(note), Defaults.textBytes) }
    )
  }

  log(message: string, level: LogLevel.Severity = "Info"): Effect.Effect<void> {
    return this.#report(() => ({
      log: { level, message: Text.sanitise(Text.fromUnknown(message), Defaults.textBytes) }
    }))
  }

  checkpoint(value: Schema.Json): Effect.Effect<void> {
    return Effect.suspend(() => {
      const misfit = JsonGuard.checkShape(value, checkpointBounds)
      if (misfit !== null) return refuseCheckpoint(misfit.field, misfit.detail)
      const checkpoint = JsonGuard.check(value, checkpointBounds) === null ? value : JsonGuard.sanitise(value)
      const rest = JsonGuard.check(checkpoint, checkpointBounds)
      return rest === null ? this.#reportAndWait({ checkpoint }) : refuseCheckpoint(rest.field, rest.detail)
    })
  }

  get checkpointed(): Effect.Effect<Option.Option<Schema.Json>> {
    return Effect.suspend(() =>
      this.#held.hasReport ? readCheckpoint(this.#shop.storage, this.#held) : Effect.succeed(Option.none())
    )
  }

  transactional<A, E, R>(effect: Effect.Effect<A, E, R>) {
    return Transaction.run(this.#shop, this.#held, effect)
  }

  #report(content: () => Reports.Content): Effect.Effect<void> {
    return Effect.suspend(() =>
      // After its transaction the job is completed, and a report would only hear that the claim has ended.
      this.#held.transaction === "committed"
        ? Effect.void
        : Effect.andThen(
          this.#shop.reports.room.await,
          Effect.sync(() => Reports.add(this.#shop.reports, this.#held, content(), null))
        )
    )
  }

  #reportAndWait(content: Reports.Content): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#held.transaction === "committed"
        ? Effect.void
        : Effect.andThen(
          this.#shop.reports.room.await,
          Effect.callback<void>((resume) =>
            Reports.add(this.#shop.reports, this.#held, content, () => resume(Effect.void))
          )
        )
    )
  }
}

const checkpointBounds: JsonGuard.Bounds = { bytes: Defaults.resultBytes, depth: Defaults.jsonDepth }

const refuseCheckpoint = (field: string, detail: string): Effect.Effect<never> =>
  Effect.die(new InvalidOption({ field: `checkpoint ${field}`, detail }))

const readCheckpoint = (storage: Storage["Service"], { claim }: Held): Effect.Effect<Option.Option<Schema.Json>> =>
  storage.list({ ids: [claim.id], limit: 1 }).pipe(
    Effect.retry({ while: isTransient, schedule: Schedule.spaced(Defaults.backoffMillis * 5) }),
    Effect.orDie,
    Effect.map(({ items: [record] }) => Option.fromNullishOr(record?.checkpoint))
  )

const isTransient = (error: StorageError): boolean => error.isTransient
