import { assert, describe, it } from "@effect/vitest"
import * as EmailError from "../src/EmailError.ts"

const classify = (failure: Partial<EmailError.SmtpFailure>): string =>
  EmailError.classify("ada@example.com", {
    code: "EENVELOPE",
    command: null,
    responseCode: null,
    detail: "said the server",
    ...failure
  })._tag

describe("EmailError", () => {
  it("gives an address up only for a permanent refusal of that address", () => {
    assert.strictEqual(classify({ command: "RCPT TO", responseCode: 550 }), "InvalidRecipient")
    assert.strictEqual(classify({ command: "RCPT TO", responseCode: 450 }), "ProviderDown")
  })

  it("gives a mail up only for a permanent refusal of its sender or content", () => {
    assert.strictEqual(classify({ command: "DATA", code: "EMESSAGE", responseCode: 554 }), "MailRejected")
    assert.strictEqual(classify({ command: "MAIL FROM", responseCode: 552 }), "MailRejected")
    assert.strictEqual(classify({ command: "DATA", code: "EMESSAGE", responseCode: 452 }), "ProviderDown")
    assert.strictEqual(classify({ code: "EENVELOPE" }), "MailRejected")
  })

  it("gives nothing up for what the settings or the server are to blame", () => {
    assert.strictEqual(classify({ code: "EAUTH", command: "AUTH PLAIN", responseCode: 535 }), "ProviderDown")
    assert.strictEqual(classify({ command: "MAIL FROM", responseCode: 530 }), "ProviderDown")
    assert.strictEqual(classify({ code: "ECONNECTION", command: "CONN", responseCode: 554 }), "ProviderDown")
    assert.strictEqual(classify({ code: "ETLS", command: "STARTTLS", responseCode: 502 }), "ProviderDown")
    assert.strictEqual(classify({ command: "DATA", responseCode: 503 }), "ProviderDown")
    assert.strictEqual(classify({ code: "ETIMEDOUT", command: "CONN" }), "ProviderDown")
    assert.strictEqual(classify({ code: "anything new" }), "ProviderDown")
  })

  it("says what to correct", () => {
    const error = EmailError.classify("ada@example.com", {
      code: "EENVELOPE",
      command: "RCPT TO",
      responseCode: 550,
      detail: "550 no such user"
    })
    assert.strictEqual(error.message, "Recipient ada@example.com refused: 550 no such user. Correct the field to.")
  })
})
