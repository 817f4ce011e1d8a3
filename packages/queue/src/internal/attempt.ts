/**
 * The `CurrentJob` of a running attempt.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { Info } from "../CurrentJob.ts"
import * as Defaults from "../Defaults.ts"
import { Snooze } from "../JobSignal.ts"
import { InvalidOption } from "../QueueError.ts"
import * as Checkpoints from "./checkpoints.ts"
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
  /** What is known of the job's checkpoint; null before it was asked for. */
  #checkpoint: Checkpoints.Checkpoint | null = null

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
    return Effect.flatMap(
      storable(value),
      (own) => Effect.flatMap(this.#remembered, ({ sleeps }) => this.#remember({ own: Option.some(own), sleeps }))
    )
  }

  get checkpointed(): Effect.Effect<Option.Option<Schema.Json>> {
    return Effect.map(this.#remembered, ({ own }) => own)
  }

  sleep<E, R>(
    name: string,
    millis: number,
    before: Effect.Effect<Schema.Json, E, R>
  ): Effect.Effect<Schema.Json, E | Snooze, R> {
    return Effect.flatMap(this.#remembered, ({ sleeps }) => {
      const begun = Object.hasOwn(sleeps, name) ? sleeps[name] : undefined
      return begun === undefined ? this.#fallAsleep(name, millis, before) : this.#wakeUp(begun)
    })
  }

  /** The value is stored before the claim ends: a worker that dies in between leaves a job that goes on sleeping. */
  #fallAsleep<E, R>(name: string, millis: number, before: Effect.Effect<Schema.Json, E, R>) {
    return Effect.flatMap(Effect.flatMap(before, storable), (value) =>
      Effect.suspend(() => {
        const begun = { untilMillis: this.#shop.clock.currentTimeMillisUnsafe() + millis, value }
        // What came before may have written a checkpoint of its own.
        return Effect.andThen(
          Effect.flatMap(this.#remembered, ({ own, sleeps }) =>
            this.#remember({ own, sleeps: { ...sleeps, [name]: begun } })),
          this.#wakeUp(begun)
        )
      }))
  }

  /** Goes on when the time is over, else ends the attempt for the rest of it. */
  #wakeUp({ untilMillis, value }: Checkpoints.Sleep): Effect.Effect<Schema.Json, Snooze> {
    return Effect.suspend(() => {
      const delayMillis = untilMillis - this.#shop.clock.currentTimeMillisUnsafe()
      return delayMillis <= 0 ? Effect.succeed(value) : Effect.fail(new Snooze({ delayMillis }))
    })
  }

  get #remembered(): Effect.Effect<Checkpoints.Checkpoint> {
    return Effect.suspend(() =>
      this.#checkpoint === null
        ? Effect.tap(Checkpoints.read(this.#shop.storage, this.#held), (checkpoint) =>
          Effect.sync(() => this.#checkpoint = checkpoint))
        : Effect.succeed(this.#checkpoint)
    )
  }

  #remember(checkpoint: Checkpoints.Checkpoint): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#checkpoint = checkpoint
      return this.#reportAndWait({ checkpoint: Checkpoints.toJson(checkpoint) })
    })
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

/** The value as it can be stored: within bounds, free of what no storage holds. */
const storable = (value: Schema.Json): Effect.Effect<Schema.Json> =>
  Effect.suspend(() => {
    const misfit = JsonGuard.checkShape(value, checkpointBounds)
    if (misfit !== null) return refuseCheckpoint(misfit.field, misfit.detail)
    const checkpoint = JsonGuard.check(value, checkpointBounds) === null ? value : JsonGuard.sanitise(value)
    const rest = JsonGuard.check(checkpoint, checkpointBounds)
    return rest === null ? Effect.succeed(checkpoint) : refuseCheckpoint(rest.field, rest.detail)
  })

const refuseCheckpoint = (field: string, detail: string): Effect.Effect<never> =>
  Effect.die(new InvalidOption({ field: `checkpoint ${field}`, detail }))
