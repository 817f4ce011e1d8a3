/**
 * What an `email-notification` job carries: one recipient, one template, the data of that template.
 *
 * Checked when the job is enqueued, so that a wrong address or a missing field is answered with the
 * path of the field, long before a mail server sees it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

// One address, no display name, no list: what separates, groups or quotes addresses is refused, and so are
// spaces and control characters, which could otherwise start another header or another recipient.
const addressPattern = /^[^\s\p{Cc}@,;:<>()[\]"\\]{1,64}@[^\s\p{Cc}@,;:<>()[\]"\\]{1,255}$/u

// Text that ends up in one line of the mail: a line break or another control character is refused.
const linePattern = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u

const isOneLine = Schema.isPattern(linePattern, { message: "must be one line without control characters" })

const line = (max: number) => Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(max), isOneLine)

const isHttpUrl = Schema.makeFilter<string>((input) =>
  (URL.canParse(input) && /^https?:$/.test(new URL(input).protocol)) || "must be an absolute http or https URL"
)

/**
 * Schema of an e-mail address: one bare address of at most 320 characters, such as `ada@example.com`.
 *
 * **Details**
 *
 * No display name and no list of addresses. Non-ASCII letters are allowed (RFC 6531).
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const EmailAddress = Schema.String.check(
  Schema.isPattern(addressPattern, { message: "must be one e-mail address such as ada@example.com" })
)

/**
 * Schema of an absolute `http:` or `https:` URL of at most 2,048 characters.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const HttpUrl = Schema.String.check(Schema.isMaxLength(2048), isHttpUrl)

/**
 * Schema of the data of the `welcome` template: `name` (greeted), `product` (what the reader is welcomed
 * to; default: "your new account") and `actionUrl` (a link to begin with).
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const WelcomeData = Schema.Struct({
  name: line(200),
  product: Schema.optionalKey(line(200)),
  actionUrl: Schema.optionalKey(HttpUrl)
}).annotate({ description: "Data of the template welcome" })

/**
 * Schema of the data of the `password-reset` template: `resetUrl`, `name` (greeted) and `expiresIn`
 * (text such as "30 minutes").
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const PasswordResetData = Schema.Struct({
  name: Schema.optionalKey(line(200)),
  resetUrl: HttpUrl,
  expiresIn: Schema.optionalKey(line(100))
}).annotate({ description: "Data of the template password-reset" })

/**
 * Schema of the data of the `newsletter` template: `subject`, `body` (plain text; an empty line starts a new
 * paragraph; at most 200,000 characters) and `unsubscribeUrl` (also sent as `List-Unsubscribe`).
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const NewsletterData = Schema.Struct({
  subject: line(400),
  body: Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(200_000)),
  unsubscribeUrl: Schema.optionalKey(HttpUrl)
}).annotate({ description: "Data of the template newsletter" })

const templates = Schema.Union([
  Schema.Struct({ to: EmailAddress, template: Schema.Literal("welcome"), data: WelcomeData }),
  Schema.Struct({ to: EmailAddress, template: Schema.Literal("password-reset"), data: PasswordResetData }),
  Schema.Struct({ to: EmailAddress, template: Schema.Literal("newsletter"), data: NewsletterData })
])

const schemaOf = (data: Schema.Top) => Schema.toJsonSchemaDocument(data, { onExcessProperty: "error" }).schema

// Refuses nothing: `templates` does, with the path of the field. It only tells the JSON Schema what data there is.
const describesData = Schema.makeFilter<Schema.Json>(() => true, {
  toJsonSchema: () => ({ anyOf: [WelcomeData, PasswordResetData, NewsletterData].map(schemaOf) })
})

// Read first: a union alone can only say that no member fits, this names the field `template`.
const envelope = Schema.Struct({
  to: Schema.String,
  template: Schema.Literals(["welcome", "password-reset", "newsletter"]),
  data: Schema.Json.check(describesData)
})

/**
 * Schema of the payload of an `email-notification` job: `to`, `template` and the `data` of that template.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const EmailPayload = envelope.pipe(
  Schema.decodeTo(templates, SchemaTransformation.passthroughSupertype())
)

/**
 * The payload of an `email-notification` job.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type EmailPayload = typeof EmailPayload.Type
