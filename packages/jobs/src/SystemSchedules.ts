/**
 * When the system's own jobs run: schedules like any other, to be seen, paused and triggered.
 *
 * @since 0.1.0
 */
import * as JobSchedule from "@millrace/scheduler/JobSchedule"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as SystemJobs from "./SystemJobs.ts"

/**
 * How long history is kept.
 *
 * **Details**
 *
 * - `keepFinished`: `completed` and `cancelled` jobs. Defaults to 30 days
 * - `keepDead`: `dead` jobs. Defaults to 90 days
 * - `keepAudit`: lines of the audit, where `SystemJobs.AuditPrune` is given. Defaults to 90 days; the database refuses to
 *   drop any that is younger than 30
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Retention {
  readonly keepFinished?: Duration.Input | undefined
  readonly keepDead?: Duration.Input | undefined
  readonly keepAudit?: Duration.Input | undefined
}

/**
 * The schedules of the system's jobs, in UTC: `millrace-clean-up` every hour at 7 minutes past, spread over 10 minutes, and
 * `millrace-prepare-days` every six hours. A missed one is made up for once.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  { keepAudit = "90 days", keepDead = "90 days", keepFinished = "30 days" }: Retention = {}
): JobSchedule.DeclaredLayer =>
  Layer.mergeAll(
    JobSchedule.cron("millrace-clean-up", {
      cron: "7 * * * *",
      jitter: "10 minutes",
      overlap: "skip",
      job: SystemJobs.CleanUp,
      payload: {
        finishedMillis: Duration.toMillis(keepFinished),
        deadMillis: Duration.toMillis(keepDead),
        auditMillis: Duration.toMillis(keepAudit)
      }
    }),
    JobSchedule.cron("millrace-prepare-days", {
      cron: "37 */6 * * *",
      jitter: "10 minutes",
      overlap: "skip",
      job: SystemJobs.PrepareDays,
      payload: {}
    })
  )
