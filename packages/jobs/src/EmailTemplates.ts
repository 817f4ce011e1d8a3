/**
 * The built-in mail templates: payload in, subject, text and HTML out. Pure.
 *
 * Guarantees: every value from the payload is escaped in the HTML part, URLs are `http` or `https` and
 * written in their normalised form, and subject and headers hold no line break or control character.
 *
 * @since 0.1.0
 */
import type { EmailPayload, NewsletterData, PasswordResetData, WelcomeData } from "./EmailPayload.ts"

/**
 * A mail without sender and recipient.
 *
 * **Details**
 *
 * `unsubscribeUrl` is the target of the `List-Unsubscribe` header, null for none.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface RenderedEmail {
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly unsubscribeUrl: string | null
}

/**
 * Renders the template that the payload names.
 *
 * @stability unstable
 * @category rendering
 * @since 0.1.0
 */
export const render = (payload: EmailPayload): RenderedEmail => {
  switch (payload.template) {
    case "welcome":
      return welcome(payload.data)
    case "password-reset":
      return passwordReset(payload.data)
    case "newsletter":
      return newsletter(payload.data)
  }
}

const welcome = (data: typeof WelcomeData.Type): RenderedEmail => {
  const product = data.product ?? "your new account"
  const blocks: ReadonlyArray<Block> = [
    paragraph(`Hello ${data.name},`),
    paragraph(`welcome to ${product}. We are glad that you are here.`),
    ...(data.actionUrl === undefined ? [] : [link("Get started", data.actionUrl)])
  ]
  return email(`Welcome, ${data.name}`, blocks, null)
}

const passwordReset = (data: typeof PasswordResetData.Type): RenderedEmail => {
  const until = data.expiresIn === undefined ? "" : ` The link is valid for ${data.expiresIn}.`
  const blocks: ReadonlyArray<Block> = [
    paragraph(data.name === undefined ? "Hello," : `Hello ${data.name},`),
    paragraph("someone asked to reset the password of your account. Choose a new one here:"),
    link("Reset your password", data.resetUrl),
    paragraph(`If it was not you, ignore this mail: nothing changes.${until}`)
  ]
  return email("Reset your password", blocks, null)
}

const newsletter = (data: typeof NewsletterData.Type): RenderedEmail => {
  const url = data.unsubscribeUrl === undefined ? null : normalUrl(data.unsubscribeUrl)
  const blocks: ReadonlyArray<Block> = [
    ...data.body.split(/(?:\r?\n){2,}/).filter((part) => part.trim() !== "").map(paragraph),
    ...(url === null ? [] : [link("Unsubscribe", url)])
  ]
  return email(data.subject, blocks, url)
}

interface Block {
  readonly text: string
  readonly html: string
}

const paragraph = (text: string): Block => ({
  text,
  html: `<p>${escapeHtml(text).replaceAll(/\r?\n/g, "<br>\n")}</p>`
})

const link = (label: string, url: string): Block => {
  const href = normalUrl(url)
  return { text: `${label}: ${href}`, html: `<p><a href="${escapeHtml(href)}">${escapeHtml(label)}</a></p>` }
}

const email = (subject: string, blocks: ReadonlyArray<Block>, unsubscribeUrl: string | null): RenderedEmail => {
  const title = oneLine(subject)
  return {
    subject: title,
    text: `${blocks.map((block) => block.text).join("\n\n")}\n`,
    html: [
      "<!doctype html>",
      `<html><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>`,
      "<body style=\"font-family:sans-serif;line-height:1.5;max-width:40em;margin:2em auto;padding:0 1em\">",
      ...blocks.map((block) => block.html),
      "</body></html>",
      ""
    ].join("\n"),
    unsubscribeUrl
  }
}

/**
 * Escapes text for HTML content and for double- or single-quoted attributes.
 *
 * @stability unstable
 * @category rendering
 * @since 0.1.0
 */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char)

const entities: { readonly [char: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

/**
 * Makes text fit for one header line: every run of white space and control characters becomes one space.
 *
 * @stability unstable
 * @category rendering
 * @since 0.1.0
 */
export const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim()

// Percent-encodes what could end the URL inside a header or a text: spaces, line breaks, angle brackets, quotes.
const normalUrl = (url: string): string => new URL(url).href.replaceAll(/[\s<>"'\\^`{|}]/g, encodeURIComponent)
