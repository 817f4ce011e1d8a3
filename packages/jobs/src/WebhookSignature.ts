/**
 * Signs webhooks, and verifies them where they are received.
 *
 * The three headers and the scheme are those of Standard Webhooks, so that its libraries verify them as well:
 *
 * | Header | Value |
 * | --- | --- |
 * | `webhook-id` | the same for every attempt to deliver one message |
 * | `webhook-timestamp` | seconds since 1970 when this attempt was signed |
 * | `webhook-signature` | `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; one for each active secret, with spaces between |
 *
 * A secret that begins with `whsec_` is the base64 of the key; any other text is the key itself.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHmac, timingSafeEqual } from "node:crypto"

/**
 * The headers of a signed message.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface SignedHeaders {
  readonly "webhook-id": string
  readonly "webhook-timestamp": string
  readonly "webhook-signature": string
}

/**
 * A message as it was received: its headers by their names in lower case, as Node has them, and the text of its body.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ReceivedMessage {
  readonly headers: { readonly [Name in keyof SignedHeaders]?: string | ReadonlyArray<string> | undefined }
  readonly body: string
}

/**
 * A message was not signed by who knows a secret, or not now, or was received before. `reason` says which; `Replayed` of an honest sender
 * is a second attempt of what was received already: answer it with 200.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class WebhookRejected extends Schema.TaggedError<WebhookRejected>()("WebhookRejected", {
  reason: Schema.Literals(["MissingHeader", "WrongTimestamp", "WrongSignature", "Replayed"])
}) {
  override get message(): string {
    return `The webhook is not accepted: ${this.reason}`
  }
}

/**
 * How far a timestamp may be from the receiver's clock, by default: 5 minutes.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const toleranceMillis = 300_000

const keyOf = (secret: string): Uint8Array =>
  secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret)

const macOf = (secret: string, id: string, timestamp: string, body: string): string =>
  createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")

/**
 * Signs a message with every active secret.
 *
 * @stability unstable
 * @category signing
 * @since 0.1.0
 */
export const sign = (
  message: { readonly id: string; readonly body: string },
  options: { readonly secrets: ReadonlyArray<string>; readonly nowMillis: number }
): SignedHeaders => {
  const timestamp = String(Math.floor(options.nowMillis / 1000))
  return {
    "webhook-id": message.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": options.secrets.map((secret) => `v1,${macOf(secret, message.id, timestamp, message.body)}`)
      .join(" ")
  }
}

/**
 * Verifies one message. The body must be the text that came, not parsed and written again.
 *
 * **Details**
 *
 * Answers the id. It does not know which ids came before: `makeVerifier` does.
 *
 * @stability unstable
 * @category verifying
 * @since 0.1.0
 */
export const verify = (
  message: ReceivedMessage,
  options: {
    readonly secrets: ReadonlyArray<string>
    readonly nowMillis: number
    readonly toleranceMillis?: number | undefined
  }
): Result.Result<string, WebhookRejected> => {
  const id = message.headers["webhook-id"]
  const timestamp = message.headers["webhook-timestamp"]
  const signatures = message.headers["webhook-signature"]
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") {
    return rejected("MissingHeader")
  }
  const distance = Math.abs(options.nowMillis - Number(timestamp) * 1000)
  if (!/^\d{1,12}$/.test(timestamp) || distance > (options.toleranceMillis ?? toleranceMillis)) {
    return rejected("WrongTimestamp")
  }
  const wanted = options.secrets.map((secret) => macOf(secret, id, timestamp, message.body))
  const given = signatures.split(" ").filter((part) => part.startsWith("v1,")).map((part) => part.slice(3))
  return wanted.some((mac) => given.some((other) => isSame(mac, other)))
    ? Result.succeed(id)
    : rejected("WrongSignature")
}

const rejected = (reason: WebhookRejected["reason"]) => Result.fail(new WebhookRejected({ reason }))

/** Takes the same time wherever they differ. */
const isSame = (a: string, b: string): boolean => {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * Makes a function that verifies messages and accepts each id once, in one process. It remembers an id for as long as its timestamp
 * could be accepted: twice the tolerance.
 *
 * @stability unstable
 * @category verifying
 * @since 0.1.0
 */
export const makeVerifier = (options: {
  readonly secrets: ReadonlyArray<string>
  readonly toleranceMillis?: number | undefined
}) => {
  const seen = new Map<string, number>()
  const keep = 2 * (options.toleranceMillis ?? toleranceMillis)
  return (
    message: ReceivedMessage,
    nowMillis: number
  ): Result.Result<string, WebhookRejected> => {
    for (const [id, at] of seen) {
      if (at + keep >= nowMillis) break
      seen.delete(id)
    }
    const verified = verify(message, { ...options, nowMillis })
    if (Result.isFailure(verified)) return verified
    if (seen.has(verified.success)) return rejected("Replayed")
    seen.set(verified.success, nowMillis)
    return verified
  }
}
