/**
 * A module of one's own jobs, for `millrace-worker --jobs examples/my-jobs.ts`: it exports layers, and starts nothing.
 *
 * The server takes the same module (`millrace-server --jobs`): it reads the definitions and checks payloads with them.
 */
import type { CurrentJob } from "@millrace/queue"
import { Job } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { Context, Effect, Layer, Schema } from "effect"

export class NoSuchStore extends Schema.TaggedError<NoSuchStore>()("NoSuchStore", { storeId: Schema.String }) {}
export class LedgerLocked extends Schema.TaggedError<LedgerLocked>()("LedgerLocked", { by: Schema.String }) {}

/** Producers import this, and nothing of the handler. */
export const CloseDay = Job.make("CloseDay", {
  payload: { storeId: Schema.String, day: Schema.String },
  success: Schema.Struct({ turnover: Schema.Finite }),
  error: Schema.Union([NoSuchStore, LedgerLocked]),
  retry: RetryPolicy.exponential({ base: "10 seconds", cap: "1 hour", maxAttempts: 5 }).pipe(
    RetryPolicy.byTag({ NoSuchStore: RetryPolicy.never })
  ),
  timeout: "5 minutes",
  unique: ({ day, storeId }) => `${storeId}/${day}`
})

/** What the handler needs is a service, so that a test can give it another one. */
export class Ledger extends Context.Service<Ledger, {
  readonly turnover: (storeId: string, day: string) => Effect.Effect<number, NoSuchStore | LedgerLocked>
}>()("examples/my-jobs/Ledger") {
  static readonly layer = Layer.succeed(Ledger, {
    turnover: (storeId) => storeId === "s1" ? Effect.succeed(1234.5) : Effect.fail(new NoSuchStore({ storeId }))
  })
}

export const closeDay = Effect.fn("CloseDay")(
  function*({ day, storeId }: typeof CloseDay.payloadSchema.Type, job: CurrentJob.Info) {
    yield* job.progress(0.1, `reading the ledger of ${storeId}`)
    return { turnover: yield* Ledger.use((ledger) => ledger.turnover(storeId, day)) }
  }
)

/** What a worker serves: with everything that it needs and that no worker brings by itself. */
export default CloseDay.toLayer(closeDay).pipe(Layer.provide(Ledger.layer))
