import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as EmailTemplates from "../src/EmailTemplates.ts"

const hostile = "<script>alert(\"x\")</script> & 'y'"

describe("EmailTemplates", () => {
  it("greets by name and links to the first step", () => {
    const mail = EmailTemplates.render({
      to: "ada@example.com",
      template: "welcome",
      data: { name: "Ada", product: "Millrace", actionUrl: "https://example.com/start" }
    })
    assert.strictEqual(mail.subject, "Welcome, Ada")
    assert.include(mail.text, "welcome to Millrace")
    assert.include(mail.text, "Get started: https://example.com/start")
    assert.include(mail.html, "<a href=\"https://example.com/start\">Get started</a>")
    assert.isNull(mail.unsubscribeUrl)
  })

  it("says how long a reset link is valid", () => {
    const mail = EmailTemplates.render({
      to: "ada@example.com",
      template: "password-reset",
      data: { resetUrl: "https://example.com/reset?a=1&b=2", expiresIn: "30 minutes" }
    })
    assert.strictEqual(mail.subject, "Reset your password")
    assert.include(mail.text, "https://example.com/reset?a=1&b=2")
    assert.include(mail.html, "href=\"https://example.com/reset?a=1&amp;b=2\"")
    assert.include(mail.text, "valid for 30 minutes")
  })

  it("makes paragraphs of a newsletter and offers to unsubscribe", () => {
    const mail = EmailTemplates.render({
      to: "ada@example.com",
      template: "newsletter",
      data: { subject: "News", body: "First\nline two\n\n\nSecond", unsubscribeUrl: "https://example.com/u" }
    })
    assert.include(mail.html, "<p>First<br>\nline two</p>\n<p>Second</p>")
    assert.strictEqual(mail.unsubscribeUrl, "https://example.com/u")
  })

  it("escapes everything that comes from the payload", () => {
    const mail = EmailTemplates.render({
      to: "ada@example.com",
      template: "newsletter",
      data: { subject: hostile, body: hostile, unsubscribeUrl: "https://example.com/\"><script>" }
    })
    assert.notInclude(mail.html, "<script>")
    assert.include(mail.html, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;")
    assert.strictEqual(mail.unsubscribeUrl, "https://example.com/%22%3E%3Cscript%3E")
  })

  it("makes one line of any text", () => {
    assert.strictEqual(EmailTemplates.oneLine("a\r\nBcc: eve@example.com\u2028x\u0000y"), "a Bcc: eve@example.com x y")
  })

  it.prop(
    "never lets a payload start a header or an element",
    [Schema.Struct({ text: Schema.String })],
    ([{ text }]) => {
      const mail = EmailTemplates.render({
        to: "ada@example.com",
        template: "newsletter",
        data: { subject: text, body: text }
      })
      assert.notMatch(mail.subject, /[\p{Cc}\p{Zl}\p{Zp}]/u)
      const elements = mail.html.match(/<[a-z/!][^>]*>/gi) ?? []
      assert.isTrue(
        elements.every((element) =>
          /^<(?:!doctype html|\/?html|\/?head|meta charset="utf-8"|\/?title|\/?body|body style="[^"]*"|\/?p|br)>$/.test(
            element
          )
        )
      )
    }
  )
})
