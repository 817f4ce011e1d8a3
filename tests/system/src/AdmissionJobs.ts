/**
 * Jobs under limits, for tests with several worker processes. This is the module of a user, which workers load.
 */
import { Job, Limit } from "@millrace/queue"
import { Effect, Schema } from "effect"

/** Five at a time for each store. */
export const perStore = Limit.concurrency("per-store", {
  max: 5,
  key: ({ store }: { readonly store: string }) => store
})

/** 450 a minute, at most 20 at once. */
export const perMinute = Limit.rate("per-minute", { permits: 450, per: "1 minute", burst: 20 })

const payload = { store: Schema.String, millis: Schema.Int }

/** Takes a while, five at a time for each store. */
export const Stock = Job.make("stock", { payload, limits: [perStore] })

/** The handler of `Stock`. */
export const StockLive = Stock.toLayer(({ millis }) => Effect.sleep(millis))

/** Asks somebody who allows 450 questions a minute. */
export const Ask = Job.make("ask", { payload, limits: [perMinute] })

/** The handler of `Ask`. */
export const AskLive = Ask.toLayer(({ millis }) => Effect.sleep(millis))

/** Without any limit: only the fairness between stores, which are tenants, decides. */
export const Sale = Job.make("sale", { payload })

/** The handler of `Sale`. */
export const SaleLive = Sale.toLayer(({ millis }) => Effect.sleep(millis))

/** Fails until it is dead; its policy travels with it. */
export const Flaky = Job.make("flaky", { payload: {}, error: Schema.String })

/** The handler of `Flaky`: the error names the process. */
export const FlakyLive = Flaky.toLayer(() => Effect.fail(String(process.pid)))

/** Sleeps between two lines of its handler, on whichever worker goes on. */
export const Nightly = Job.make("nightly", { payload: { millis: Schema.Int }, success: Schema.Array(Schema.Int) })

/** The handler of `Nightly`: answers the processes before and after the sleep. */
export const NightlyLive = Nightly.toLayer(({ millis }) =>
  Effect.map(
    Job.sleep("night", millis, { before: Effect.sync(() => process.pid), value: Schema.Int }),
    (before) => [before, process.pid]
  )
)

/** One at a time by its key. Nobody handles it. */
export const Only = Job.make("only", { payload: {} })
