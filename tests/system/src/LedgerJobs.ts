/**
 * Jobs that write down their runs outside of the database: a line for every start, in a file that processes only append
 * to, at the path in `LEDGER`. This is the module of a user, which worker and server load.
 */
import { Job } from "@millrace/queue"
import { Effect, Schema } from "effect"
import * as Ledger from "./Ledger.ts"

/** Takes no time, and answers the number it was given. */
export const Count = Job.make("count", { payload: { n: Schema.Int }, success: Schema.Int })

/** The handler of `Count`. */
export const CountLive = Count.toLayer(({ n }, job) => Effect.as(Ledger.write(job, "start"), n))

/** Takes a while, and answers the process id of its worker. */
export const Nap = Job.make("nap", { payload: { millis: Schema.Int }, success: Schema.Int })

/** The handler of `Nap`. */
export const NapLive = Nap.toLayer(({ millis }, job) =>
  Ledger.write(job, "start").pipe(
    Effect.andThen(Effect.sleep(millis)),
    Effect.andThen(Ledger.write(job, "end")),
    Effect.as(process.pid)
  )
)

/** Never ends in its first attempt, and answers the number of the attempt in every other. */
export const Hold = Job.make("hold", { payload: {}, success: Schema.Int })

/** The handler of `Hold`. Its finalizer takes time: a cancel has to wait for it. */
export const HoldLive = Hold.toLayer((_, job) =>
  Ledger.write(job, "start").pipe(
    Effect.andThen(job.attempt === 1 ? Effect.never : Effect.succeed(job.attempt)),
    Effect.onInterrupt(() => Effect.delay(Ledger.write(job, "finalizer"), "300 millis"))
  )
)

/** Computes without a pause, so that nothing else of its process runs, and answers the process id of its worker. */
export const Block = Job.make("block", { payload: { millis: Schema.Int }, success: Schema.Int })

/** The handler of `Block`. */
export const BlockLive = Block.toLayer(({ millis }, job) =>
  Ledger.write(job, "start").pipe(
    Effect.andThen(Effect.sync(() => {
      const end = performance.now() + millis
      while (performance.now() < end);
    })),
    Effect.andThen(Ledger.write(job, "end")),
    Effect.as(process.pid)
  )
)
