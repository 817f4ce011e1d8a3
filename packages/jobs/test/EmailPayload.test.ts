import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { EmailPayload } from "../src/EmailPayload.ts"

const refused = (payload: unknown): string => {
  const result = Schema.decodeUnknownResult(EmailPayload)(payload)
  return result._tag === "Failure" ? String(result.failure) : "accepted"
}

describe("EmailPayload", () => {
  it("accepts each template with its data", () => {
    assert.strictEqual(refused({ to: "a@b.example", template: "welcome", data: { name: "Ada" } }), "accepted")
    assert.strictEqual(
      refused({ to: "jürgen@bücher.example", template: "password-reset", data: { resetUrl: "http://localhost/r" } }),
      "accepted"
    )
    assert.strictEqual(
      refused({ to: "a+tag@b.example", template: "newsletter", data: { subject: "S", body: "B" } }),
      "accepted"
    )
  })

  it("names the field that is wrong", () => {
    assert.match(refused({ to: "a@b.example", template: "welcome", data: {} }), /\["data"\]\["name"\]/)
    assert.match(
      refused({ to: "a@b.example", template: "password-reset", data: { resetUrl: "javascript:alert(1)" } }),
      /http or https URL[\s\S]*\["data"\]\["resetUrl"\]/
    )
    assert.match(refused({ to: "nobody", template: "welcome", data: { name: "Ada" } }), /e-mail address[\s\S]*\["to"\]/)
    assert.match(refused({ to: "a@b.example", template: "farewell", data: {} }), /at \["template"\]/)
  })

  for (
    const to of [
      "a@b.example, eve@example.com",
      "a@b.example\nBcc: eve@example.com",
      "Ada <a@b.example>",
      "a b@c.example",
      "",
      "@b.example",
      "a@"
    ]
  ) {
    it(`refuses the address ${JSON.stringify(to)}`, () => {
      assert.match(refused({ to, template: "welcome", data: { name: "Ada" } }), /\["to"\]/)
    })
  }

  it("refuses line breaks where one line is meant", () => {
    assert.match(refused({ to: "a@b.example", template: "welcome", data: { name: "Ada\r\nBcc: x" } }), /one line/)
    assert.match(
      refused({ to: "a@b.example", template: "newsletter", data: { subject: "a\u2028b", body: "x" } }),
      /one line/
    )
  })

  it("shows the data of each template in its JSON Schema", () => {
    const { schema } = Schema.toJsonSchemaDocument(EmailPayload)
    const shown = JSON.stringify(schema)
    for (const word of ["resetUrl", "unsubscribeUrl", "actionUrl", "Data of the template newsletter"]) {
      assert.include(shown, word)
    }
  })
})
