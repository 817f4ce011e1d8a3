/**
 * Runs `email-notification` jobs: renders the template and hands the mail over.
 *
 * @since 0.1.0
 */
import type { Info } from "@millrace/queue/CurrentJob"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { EmailNotification } from "./EmailNotification.ts"
import type { EmailPayload } from "./EmailPayload.ts"
import * as EmailTemplates from "./EmailTemplates.ts"
import { Mailer } from "./Mailer.ts"

/**
 * Sends the mail of a payload. Its message id comes from the job, not from the attempt.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fn("EmailHandler.run")(function*(
  payload: EmailPayload,
  job: Pick<Info, "id" | "createdAt" | "token">
) {
  const mailer = yield* Mailer
  return yield* mailer.send({
    ...EmailTemplates.render(payload),
    to: payload.to,
    // The job's birth makes the id unique beyond one database, whose numbers start again at 1.
    reference: `${job.id}.${DateTime.toEpochMillis(job.createdAt)}`,
    fileName: `${job.id}-${job.token}`,
    token: job.token
  })
})

/**
 * The handler of `email-notification`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = EmailNotification.toLayer(run)
