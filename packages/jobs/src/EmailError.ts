/**
 * How sending a mail fails, split by what may help: another try, another address, or nothing.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The mail server does not take mail for this address (5xx to `RCPT TO`). Trying again can not help.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidRecipient extends Schema.TaggedError<InvalidRecipient>()("InvalidRecipient", {
  to: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Recipient ${this.to} refused: ${this.detail}. Correct the field to.`
  }
}

/**
 * The mail server refused the mail for good (5xx to its sender or content). Trying again can not help.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class MailRejected extends Schema.TaggedError<MailRejected>()("MailRejected", {
  to: Schema.String,
  responseCode: Schema.NullOr(Schema.Int),
  detail: Schema.String
}) {
  override get message(): string {
    return `Mail to ${this.to} rejected: ${this.detail}`
  }
}

/**
 * The mail could not be handed over now: no connection, time-out, a 4xx reply, a failed log-in, a full disk.
 * Trying again may help.
 *
 * **Details**
 *
 * Every refusal before the mail itself is here (greeting, TLS, log-in): the settings or the server are wrong, not the
 * mail, and no mail should be given up for it.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ProviderDown extends Schema.TaggedError<ProviderDown>()("ProviderDown", {
  code: Schema.String,
  responseCode: Schema.NullOr(Schema.Int),
  detail: Schema.String
}) {
  override get message(): string {
    return `Mail not handed over (${this.code}): ${this.detail}`
  }
}

/**
 * Schema of all errors of sending a mail.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const EmailError = Schema.Union([InvalidRecipient, MailRejected, ProviderDown])

/**
 * An error of sending a mail.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export type EmailError = typeof EmailError.Type

/**
 * What a mail library says about a failed hand-over: a code, the SMTP command and reply, if any.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface SmtpFailure {
  readonly code: string
  readonly command: string | null
  readonly responseCode: number | null
  readonly detail: string
}

/**
 * Decides what a failed hand-over means for the job. Pure.
 *
 * **Details**
 *
 * - 5xx to `RCPT TO`: `InvalidRecipient`
 * - 5xx to `MAIL FROM` or `DATA`, and a mail that the library itself refuses to build: `MailRejected`
 * - everything else (no reply, 4xx, a wrong session state, a missing log-in, any refusal before the mail):
 *   `ProviderDown`
 *
 * **Source**
 *
 * RFC 5321, section 4.2.1: 4yz is transient, 5yz permanent. RFC 4954, section 6: 530, 534, 535, 538 are about log-in.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const classify = (to: string, failure: SmtpFailure): EmailError => {
  const { code, command, detail, responseCode } = failure
  const permanent = responseCode !== null && responseCode >= 500 && !sessionReplies.has(responseCode)
  if (permanent && command === "RCPT TO") {
    return new InvalidRecipient({ to, detail })
  }
  if (permanent ? command !== null && mailCommands.has(command) : responseCode === null && refusedLocally.has(code)) {
    return new MailRejected({ to, responseCode, detail })
  }
  return new ProviderDown({ code, responseCode, detail })
}

// 503: bad sequence of commands. The others: log in first, or otherwise.
const sessionReplies: ReadonlySet<number> = new Set([503, 530, 534, 535, 538])

const mailCommands: ReadonlySet<string> = new Set(["MAIL FROM", "DATA"])

const refusedLocally: ReadonlySet<string> = new Set(["EENVELOPE", "EMESSAGE", "EFILEACCESS", "EURLACCESS"])
