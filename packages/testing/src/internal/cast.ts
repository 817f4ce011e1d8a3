/**
 * The jobs of a simulation and what their handlers do.
 */
import type { Info } from "@millrace/queue/CurrentJob"
import * as Job from "@millrace/queue/Job"
import type { JobSignal } from "@millrace/queue/JobSignal"
import * as Limit from "@millrace/queue/Limit"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Behaviour, JobName } from "../Scenario.ts"

/** The error that a handler fails with. */
export class Busy extends Schema.TaggedError<Busy>()("Busy", { number: Schema.Int }) {}

/** When failed attempts are repeated. */
export const policies: { readonly [Name in JobName]: RetryPolicy.RetryPolicy } = {
  Mail: RetryPolicy.exponential({ base: "200 millis", cap: "2 seconds", maxAttempts: 5 }),
  Report: RetryPolicy.fixed("300 millis", { maxAttempts: 5 }),
  Import: RetryPolicy.exponential({ base: "1 millis", cap: "500 millis", maxAttempts: 3 })
}

const config = {
  payload: { number: Schema.Int },
  success: Schema.Struct({ number: Schema.Int, token: Schema.Int }),
  error: Busy
}

/** The kinds of jobs. */
export const definitions = {
  Mail: Job.make("Mail", { ...config, retry: policies.Mail }),
  Report: Job.make("Report", { ...config, retry: policies.Report }),
  Import: Job.make("Import", {
    ...config,
    retry: policies.Import,
    limits: [Limit.concurrency("imports", { max: 1, key: "tenant" })]
  })
} satisfies { readonly [Name in JobName]: unknown }

/** What handlers need of the stage. */
export interface Stage {
  /** A handler starts; answers what it does. */
  readonly begin: (
    number: number,
    job: Info
  ) => { readonly behaviour: Behaviour; readonly end: (exit: Exit.Exit<unknown, unknown>) => void }
  /** Kills the process at once. */
  readonly crash: () => void
}

/** The handler of all kinds of jobs. */
export const handler = (stage: Stage) => ({ number }: { readonly number: number }, job: Info) =>
  Effect.suspend(() => {
    const { behaviour, end } = stage.begin(number, job)
    return Effect.onExit(behave(stage, behaviour, number, job), (exit) => Effect.sync(() => end(exit)))
  })

const behave = (
  stage: Stage,
  { does, millis }: Behaviour,
  number: number,
  job: Info
): Effect.Effect<{ readonly number: number; readonly token: number }, Busy | JobSignal> => {
  const result = { number, token: job.token }
  const later = Effect.sleep(millis)
  switch (does) {
    case "Succeed":
      return Effect.as(millis === 0 ? Effect.void : later, result)
    case "Tell":
      return Effect.as(
        Effect.andThen(job.progress(0.5, "half"), Effect.andThen(later, job.checkpoint({ number }))),
        result
      )
    case "Fail":
      return Effect.andThen(later, Effect.fail(new Busy({ number })))
    case "Die":
      return Effect.andThen(later, Effect.die("broken"))
    case "Snooze":
      return Effect.andThen(later, Job.snooze(millis))
    case "Cancel":
      return Effect.andThen(later, Job.cancel("not needed"))
    case "Dead":
      return Effect.andThen(later, Job.dead("hopeless"))
    case "Crash":
      return Effect.andThen(Effect.andThen(later, Effect.sync(stage.crash)), Effect.never)
    case "Stubborn":
      return Effect.as(Effect.uninterruptible(later), result)
    case "Hang":
      return Effect.never
  }
}
