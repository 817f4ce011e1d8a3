/**
 * Tells a webhook of an alert: a signed POST, tried again until it is taken.
 *
 * It goes only to URLs that the settings name, and to addresses of the public internet unless the settings allow others.
 * Delivery is at least once: the receiver knows a message by its `webhook-id`. `WebhookSignature` says how it is verified.
 *
 * @since 0.1.0
 */
import * as Job from "@millrace/queue/Job"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { Alert } from "@millrace/storage/Alert"
import { AlertRule } from "@millrace/storage/Alert"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AlertRules from "./AlertRules.ts"
import { AlertTargets } from "./AlertTargets.ts"
import * as WebhookPost from "./internal/webhookPost.ts"
import { queue } from "./SystemJobs.ts"
import * as WebhookSignature from "./WebhookSignature.ts"

/**
 * Schema of the body of a webhook.
 *
 * **Details**
 *
 * `summary` says it in one line. `value` and `threshold` are jobs, milliseconds or a share of 1, by `rule`.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AlertMessage = Schema.Struct({
  type: Schema.Literals(["alert.firing", "alert.resolved"]),
  id: Schema.String,
  rule: AlertRule,
  queue: Schema.String,
  name: Schema.String,
  value: Schema.Finite,
  threshold: Schema.Finite,
  since: Schema.String,
  resolvedAt: Schema.NullOr(Schema.String),
  summary: Schema.String
})

/**
 * Makes the message about an alert.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const messageOf = ({ resolvedAt, since, state, ...alert }: Alert): typeof AlertMessage.Type => ({
  ...alert,
  type: state === "firing" ? "alert.firing" : "alert.resolved",
  since: DateTime.formatIso(since),
  resolvedAt: resolvedAt === null ? null : DateTime.formatIso(resolvedAt),
  summary: AlertRules.describe(alert)
})

/**
 * The webhook may not be called: it is not in the settings, they have no secret, its address is private, or it answers with a redirect.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class WebhookRefused extends Schema.TaggedError<WebhookRefused>()("WebhookRefused", {
  url: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `The webhook ${this.url} is not called: ${this.detail}`
  }
}

/**
 * The webhook did not take the message: no connection, no answer, or a status other than 2xx.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class WebhookFailed extends Schema.TaggedError<WebhookFailed>()("WebhookFailed", {
  url: Schema.String,
  status: Schema.NullOr(Schema.Int),
  detail: Schema.String
}) {
  override get message(): string {
    return `The webhook ${this.url} did not take the message: ${this.detail}`
  }
}

/** 5 s, 10 s, … up to 15 minutes: eight attempts in about eleven minutes. */
const patient = RetryPolicy.exponential({ base: "5 seconds", cap: "15 minutes", maxAttempts: 8 })

const retry = patient.pipe(
  RetryPolicy.byTagExhaustive<WebhookRefused | WebhookFailed>()({
    WebhookRefused: RetryPolicy.never,
    WebhookFailed: patient
  })
)

/**
 * Posts an alert to a webhook. Time-out 30 seconds; 8 attempts.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const AlertWebhook = Job.make("millrace-alert-webhook", {
  payload: { url: Schema.String, message: AlertMessage },
  success: Schema.Struct({ status: Schema.Int }),
  error: Schema.Union([WebhookRefused, WebhookFailed]),
  retry,
  queue,
  timeout: "30 seconds"
})

/** Below the time-out of the job, so that it is said what took so long. */
const answerWithin = "10 seconds"

/**
 * Sends the message of a payload.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fn("AlertWebhook.run")(function*(
  { message, url }: { readonly url: string; readonly message: typeof AlertMessage.Type }
) {
  const { mayBePrivate, secrets, webhooks } = yield* AlertTargets
  const target = webhooks.includes(url) && URL.canParse(url) ? new URL(url) : null
  if (target === null || !/^https?:$/.test(target.protocol)) {
    return yield* new WebhookRefused({ url, detail: "it is no http or https URL of the settings" })
  }
  if (secrets.length === 0) return yield* new WebhookRefused({ url, detail: "there is no secret to sign it with" })
  const body = JSON.stringify(message)
  const id = `alert-${message.id}-${message.since}-${message.type}`
  const nowMillis = yield* Clock.currentTimeMillis
  const signed = WebhookSignature.sign({ id, body }, {
    secrets: secrets.map((secret) => Redacted.value(secret)),
    nowMillis
  })
  const headers = { "content-type": "application/json", "user-agent": "millrace", ...signed }
  const status = yield* WebhookPost.send({ url: target, headers, body, mayBePrivate }).pipe(
    Effect.mapError(({ detail, isRefused }) =>
      isRefused ? new WebhookRefused({ url, detail }) : new WebhookFailed({ url, status: null, detail })
    ),
    Effect.timeoutOrElse({
      duration: answerWithin,
      orElse: () => Effect.fail(new WebhookFailed({ url, status: null, detail: `no answer within ${answerWithin}` }))
    })
  )
  return yield* answerOf(url, status)
})

const answerOf = (url: string, status: number) => {
  if (status >= 200 && status < 300) return Effect.succeed({ status })
  return status >= 300 && status < 400
    ? Effect.fail(new WebhookRefused({ url, detail: `it answers ${status}, and redirects are not followed` }))
    : Effect.fail(new WebhookFailed({ url, status, detail: `it answers ${status}` }))
}

/**
 * The handler of `millrace-alert-webhook`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = AlertWebhook.toLayer(({ message, url }) => run({ message, url }))
