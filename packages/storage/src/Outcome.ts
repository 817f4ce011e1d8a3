/**
 * How an attempt ends, as a worker tells it to the storage.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { Claim, Fence } from "./Claim.ts"
import type { JobFailure } from "./JobFailure.ts"

/**
 * The end of an attempt.
 *
 * **Details**
 *
 * - `Completed`: done; `result` is the encoded success value, null when there is none
 * - `Retried`: failed; `retryable` for `delayMillis` from now (0 = available now); one more failure
 * - `Snoozed`: `scheduled` for `delayMillis` from now (0 = available now); no attempt spent
 * - `Released`: given back unfinished; available at once; no attempt spent
 * - `Cancelled`: ended on request
 * - `Dead`: failed for good; one more failure
 * - `Quarantined`: could not be run; waits for a person; no attempt spent
 *
 * A `Snoozed` with `pause` also pauses that key of a limit for `delayMillis`, at least: a later end that was set before
 * stays. It is not paused when the settlement is lost.
 *
 * Any of them ends a suspicion: the job may run among others again. When the job was asked to stop,
 * `Retried`, `Snoozed` and `Released` count as `Cancelled` (with the error, without one more failure).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Outcome =
  | { readonly _tag: "Completed"; readonly result: Schema.Json | null }
  | { readonly _tag: "Retried"; readonly error: JobFailure; readonly delayMillis: number }
  | {
    readonly _tag: "Snoozed"
    readonly delayMillis: number
    readonly pause?: { readonly limit: string; readonly key: string }
  }
  | { readonly _tag: "Released" }
  | { readonly _tag: "Cancelled"; readonly reason: string; readonly error: JobFailure | null }
  | { readonly _tag: "Dead"; readonly reason: string; readonly error: JobFailure }
  | { readonly _tag: "Quarantined"; readonly error: JobFailure }

/**
 * One claim with its outcome.
 *
 * **Details**
 *
 * `startedAfterMillis` and `endedAfterMillis` are monotonic milliseconds since the claim's
 * reply arrived; the storage adds them to its own clock's instant of the claim, so that no
 * machine's clock enters the history. `startedAfterMillis` is null when the handler never
 * started. `hasReport` must be true when this or an earlier attempt wrote a report.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Settlement extends Fence {
  readonly outcome: Outcome
  readonly startedAfterMillis: number | null
  readonly endedAfterMillis: number
  readonly uniqueKey: Claim["uniqueKey"]
  readonly hasReport: boolean
}

/**
 * What a running handler reports: progress, a note, a log line, a checkpoint. Fields left out stay as they are.
 *
 * **Details**
 *
 * Progress and checkpoint stay with the job through later attempts, at least until it is finished. A note
 * before any progress is one at progress 0.
 *
 * `started` says, by itself, that the handler of a suspect is about to start; only then is the loss of its worker a
 * crash of this job. It stores nothing else, leaves no report behind, and changes nothing for a job that is no suspect.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Report extends Fence {
  readonly progress?: number
  readonly note?: string
  readonly log?: { readonly level: string; readonly message: string }
  readonly checkpoint?: Schema.Json
  readonly started?: true
}
