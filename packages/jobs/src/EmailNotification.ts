/**
 * The built-in job `email-notification`: one mail to one recipient, from a template.
 *
 * Producers need this definition only; `EmailHandler` runs it.
 *
 * @since 0.1.0
 */
import * as Job from "@millrace/queue/Job"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as Schema from "effect/Schema"
import type { EmailError as EmailFailure } from "./EmailError.ts"
import { EmailError } from "./EmailError.ts"
import { EmailPayload } from "./EmailPayload.ts"

/**
 * Schema of the result: the message id (the same for every attempt of the job), how the mail was handed over, and
 * the file it was written to, if any.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const EmailResult = Schema.Struct({
  messageId: Schema.String,
  delivery: Schema.Literals(["smtp", "file"]),
  file: Schema.NullOr(Schema.String)
})

// Mail servers that are down or grey-list (4xx) are back after minutes, seldom after seconds: 5 s, 10 s, … 320 s:
// eight attempts in about eleven minutes.
const patient = RetryPolicy.exponential({ base: "5 seconds", cap: "15 minutes", maxAttempts: 8 })

const retry = patient.pipe(
  RetryPolicy.byTagExhaustive<EmailFailure>()({
    InvalidRecipient: RetryPolicy.never,
    MailRejected: RetryPolicy.never,
    ProviderDown: patient
  })
)

/**
 * Sends a mail: `to`, `template` (`welcome`, `password-reset`, `newsletter`) and the `data` of that template.
 *
 * **Details**
 *
 * Time-out 2 minutes an attempt. `ProviderDown` is tried again (8 attempts, 5 seconds to 6 minutes apart),
 * `InvalidRecipient` and `MailRejected` are not.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const EmailNotification = Job.make("email-notification", {
  payload: EmailPayload,
  success: EmailResult,
  error: EmailError,
  retry,
  timeout: "2 minutes"
})
