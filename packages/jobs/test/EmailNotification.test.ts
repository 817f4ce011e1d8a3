import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { EmailNotification } from "../src/EmailNotification.ts"

const decide = (errorTag: string, failures: number) =>
  RetryPolicy.decide(EmailNotification.options.retry, { errorTag, failures, elapsedMillis: 0, seed: "17" })

describe("EmailNotification", () => {
  it("refuses a payload with the path of the field", () => {
    assert.deepStrictEqual(
      EmailNotification.codec.decodePayload({ to: "ada@example.com", template: "goodbye", data: {} }),
      {
        _tag: "Misfit",
        misfit: { field: "$.template", detail: "Expected \"welcome\" | \"password-reset\" | \"newsletter\"" }
      }
    )
  })

  it("stores a payload and reads it back", () => {
    const payload = { to: "ada@example.com", template: "password-reset", data: { resetUrl: "https://example.com/r" } }
    const encoded = EmailNotification.codec.encodePayload(payload)
    assert.deepStrictEqual(encoded, { _tag: "Fits", value: payload })
    assert.deepStrictEqual(EmailNotification.codec.decodePayload(payload), { _tag: "Fits", value: payload })
  })

  it("tries a server that is down again, and nothing that only a person can mend", () => {
    assert.deepStrictEqual(decide("ProviderDown", 1), { _tag: "Retry", delayMillis: 5000 })
    assert.deepStrictEqual(decide("ProviderDown", 7), { _tag: "Retry", delayMillis: 320_000 })
    assert.deepStrictEqual(decide("ProviderDown", 8), { _tag: "GiveUp", reason: "maxAttempts" })
    assert.deepStrictEqual(decide("InvalidRecipient", 1), { _tag: "GiveUp", reason: "never" })
    assert.deepStrictEqual(decide("MailRejected", 1), { _tag: "GiveUp", reason: "never" })
  })
})
