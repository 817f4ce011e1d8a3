/**
 * The jobs of a storm. Each writes its starts and ends into the ledger; some fail, report, write to the database in the
 * transaction of their completion, block the process, or abort it.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Job from "@millrace/queue/Job"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Writer } from "./CrashLedger.ts"

/** What a job of a storm does. */
const Kind = Schema.Literals(["plain", "fails", "reports", "transacts", "blocks", "aborts", "hoards", "never"])

/** A failure that is part of the plan. */
class PlannedFailure extends Schema.TaggedError<PlannedFailure>()("PlannedFailure", {}) {}

/** A job that takes so many milliseconds, and answers the token under which it ran. */
export const Work = Job.make("crash-work", {
  payload: { kind: Kind, millis: Schema.Int },
  success: Schema.Struct({ token: Schema.Int }),
  error: PlannedFailure,
  retry: RetryPolicy.fixed("300 millis", { maxAttempts: 8 })
})

/** The table of the writes that belong to completions. */
export const effectTable = `create table if not exists public.crash_effect (job_id bigint not null, token int not null)`

/** Holds the event loop of the process. */
const block = (millis: number) =>
  Effect.sync(() => {
    const until = performance.now() + millis
    while (performance.now() < until);
  })

/** Takes memory until the process dies of it. */
const hoard = (): never => {
  const kept: Array<Array<number>> = []
  while (true) kept.push(Array.from({ length: 100_000 }, (_, at) => at + kept.length))
}

/** The handler; what happens goes to the ledger. */
export const layer = (ledger: Writer) =>
  Work.toLayer((payload, job) => {
    const outcome = { token: job.token }
    const body = Effect.gen(function*() {
      switch (payload.kind) {
        case "aborts":
          yield* Effect.sleep(payload.millis)
          return yield* Effect.sync(() => process.abort())
        case "blocks":
          yield* block(payload.millis)
          return outcome
        case "fails":
          yield* Effect.sleep(payload.millis)
          return job.attempt === 1 ? yield* new PlannedFailure() : outcome
        case "hoards":
          return yield* Effect.sync(hoard)
        case "never":
          return job.attempt === 1 ? yield* Effect.never : outcome
        case "plain":
          yield* Effect.sleep(payload.millis)
          return outcome
        case "reports":
          yield* job.progress(0.5, `token ${job.token}`)
          yield* job.log(`token ${job.token}`)
          yield* job.checkpoint({ token: job.token })
          yield* Effect.sleep(payload.millis)
          return outcome
        case "transacts": {
          yield* Effect.sleep(payload.millis)
          const sql = yield* PgClient
          const done = yield* Job.transactional(
            Effect.as(
              Effect.orDie(
                sql`insert into public.crash_effect (job_id, token) values (${BigInt(job.id)}, ${job.token})`
              ),
              outcome
            )
          )
          // The commit was acknowledged, and with it the completion.
          ledger.answered(job, "A")
          return done
        }
      }
    })
    return Effect.sync(() => ledger.started(job)).pipe(
      Effect.andThen(body),
      Effect.onExit((exit) => Effect.sync(() => ledger.ended(job, howOf(exit))))
    )
  })

const howOf = (exit: Exit.Exit<unknown, unknown>) => Exit.isSuccess(exit) ? "c" : Exit.hasInterrupts(exit) ? "i" : "f"
