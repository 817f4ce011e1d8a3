/**
 * Jobs and their attempts as text for people.
 *
 * @since 0.1.0
 */
import type { ExplanationView } from "@millrace/api/AdmissionView"
import type { AttemptView, JobView } from "@millrace/api/JobView"
import * as DateTime from "effect/DateTime"
import * as Output from "./Output.ts"
import * as Table from "./Table.ts"

/**
 * A list of jobs.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const list = (jobs: ReadonlyArray<JobView>): string =>
  Table.render([
    { head: "ID", of: (job) => job.id },
    { head: "NAME", of: (job) => job.name },
    { head: "STATE", of: (job) => job.state },
    { head: "QUEUE", of: (job) => job.queue },
    { head: "TENANT", of: (job) => job.tenant },
    { head: "ATTEMPT", of: (job) => `${job.attempt}/${job.maxAttempts}`, right: true },
    { head: "RUN AT", of: (job) => Output.instant(job.runAt) },
    { head: "ERROR", of: (job) => job.error === null ? "" : job.error.tag }
  ], jobs)

/**
 * One job with its attempts.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const show = (job: JobView, attempts: ReadonlyArray<typeof AttemptView.Type>): string =>
  [
    Table.fields([
      ["id", job.id],
      ["name", job.name],
      ["state", job.state],
      ["queue", job.queue],
      ["tenant", job.tenant],
      ["priority", job.priority],
      ["tags", job.tags.join(", ")],
      ["attempt", `${job.attempt} of ${job.maxAttempts}`],
      ["progress", job.progress === null ? null : `${percent(job.progress.value)} ${job.progress.note ?? ""}`.trim()],
      ["created at", Output.instant(job.createdAt)],
      ["run at", Output.instant(job.runAt)],
      ["started at", Output.instant(job.startedAt)],
      ["finished at", Output.instant(job.finishedAt)],
      ["payload", Output.json(job.payload)],
      ["result", job.result === null ? null : Output.json(job.result)],
      ["error", job.error === null ? null : `${job.error.tag}: ${job.error.message}`]
    ]),
    ...(attempts.length === 0 ? [] : ["", attemptsOf(attempts)])
  ].join("\n")

const attemptsOf = (attempts: ReadonlyArray<typeof AttemptView.Type>): string =>
  Table.render([
    { head: "ATTEMPT", of: (attempt) => attempt.attempt, right: true },
    { head: "OUTCOME", of: (attempt) => attempt.outcome },
    { head: "CLAIMED AT", of: (attempt) => Output.instant(attempt.claimedAt) },
    { head: "SECONDS", of: (attempt) => secondsOf(attempt), right: true },
    { head: "WORKER", of: (attempt) => attempt.workerId },
    { head: "ERROR", of: (attempt) => attempt.error === null ? "" : `${attempt.error.tag}: ${attempt.error.message}` }
  ], attempts)

const secondsOf = ({ finishedAt, startedAt }: typeof AttemptView.Type): string =>
  startedAt === null || finishedAt === null
    ? ""
    : ((DateTime.toEpochMillis(finishedAt) - DateTime.toEpochMillis(startedAt)) / 1000).toFixed(3)

/**
 * A share from 0 to 1 as a percentage.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const percent = (share: number): string => `${Math.floor(share * 100)} %`

/**
 * One line on how a job is, for those who watch it.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const line = (job: JobView): string =>
  [
    `job ${job.id} ${job.name}: ${job.state}`,
    job.attempt > 0 ? `attempt ${job.attempt} of ${job.maxAttempts}` : "",
    job.progress === null
      ? ""
      : `${percent(job.progress.value)}${job.progress.note === null ? "" : ` ${job.progress.note}`}`,
    job.error === null ? "" : `${job.error.tag}: ${job.error.message}`
  ].filter((part) => part !== "").join(", ")

/**
 * Why a job does not run: its state, and the server's line for each reason.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const explanation = ({ id, reasons, state }: ExplanationView): string =>
  [`job ${id} is ${state}`, ...reasons.map(({ text }) => `- ${text}`)].join("\n")
