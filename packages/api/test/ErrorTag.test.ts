import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as ErrorTag from "../src/ErrorTag.ts"

describe("ErrorTag", () => {
  it("has a status of the client's or the server's fault for every tag", () => {
    for (const [tag, status] of Object.entries(ErrorTag.statuses)) {
      assert.isTrue(status >= 400 && status < 600, `${tag} ${status}`)
    }
  })

  it("makes an envelope that knows its tag and no other", () => {
    const envelope = Schema.toCodecJson(ErrorTag.envelope("JobNotFound"))
    const is = (error: object) => Schema.decodeUnknownResult(envelope)({ error })._tag === "Success"
    assert.isTrue(is({ tag: "JobNotFound", message: "m" }))
    assert.isFalse(is({ tag: "Unavailable", message: "m" }))
    assert.isFalse(is({ tag: "JobNotFound" }))
  })

  it("answers with the status of the tag", () => {
    assert.deepStrictEqual(ErrorTag.answered("TooManyRequests", "d"), { httpApiStatus: 429, description: "d" })
  })
})
