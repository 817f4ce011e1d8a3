import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as WebhookSignature from "../src/WebhookSignature.ts"

const now = 1_767_225_600_000
const message = { id: "alert-7", body: "{\"rule\":\"depth\"}" }
const signed = (secrets: ReadonlyArray<string>, nowMillis = now) => ({
  headers: WebhookSignature.sign(message, { secrets, nowMillis }),
  body: message.body
})

const reasonOf = <A>(result: Result.Result<A, WebhookSignature.WebhookRejected>) =>
  Result.isFailure(result) ? result.failure.reason : "accepted"

describe("WebhookSignature", () => {
  it("signs id, time and body with HMAC-SHA256, as Standard Webhooks does", () => {
    // The example of the specification's reference libraries.
    const headers = WebhookSignature.sign(
      { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: "{\"test\": 2432232314}" },
      { secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], nowMillis: 1_614_265_330_000 }
    )
    assert.deepStrictEqual(headers, {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    })
  })

  it("takes what was signed with one of two active secrets, so that they can be changed one after the other", () => {
    const both = signed(["new secret of 16", "old secret of 16"])
    for (const secret of ["new secret of 16", "old secret of 16"]) {
      const result = WebhookSignature.verify(both, { secrets: [secret], nowMillis: now })
      assert.deepStrictEqual(result, Result.succeed("alert-7"))
    }
    const changed = WebhookSignature.verify(signed(["old"]), { secrets: ["new", "old"], nowMillis: now })
    assert.strictEqual(reasonOf(changed), "accepted")
    assert.strictEqual(
      reasonOf(WebhookSignature.verify(both, { secrets: ["third"], nowMillis: now })),
      "WrongSignature"
    )
  })

  it("F76: refuses a message whose body, id or time was changed, or that was not signed at all", () => {
    const good = signed(["secret"])
    const check = (headers: Record<string, string | undefined>, body = message.body) =>
      reasonOf(WebhookSignature.verify({ headers, body }, { secrets: ["secret"], nowMillis: now }))
    assert.strictEqual(check({ ...good.headers }), "accepted")
    assert.strictEqual(check({ ...good.headers }, `${message.body} `), "WrongSignature")
    assert.strictEqual(check({ ...good.headers, "webhook-id": "alert-8" }), "WrongSignature")
    assert.strictEqual(check({ ...good.headers, "webhook-timestamp": String(now / 1000 + 1) }), "WrongSignature")
    assert.strictEqual(check({ ...good.headers, "webhook-timestamp": "soon" }), "WrongTimestamp")
    assert.strictEqual(check({ ...good.headers, "webhook-signature": "v1," }), "WrongSignature")
    assert.strictEqual(check({ ...good.headers, "webhook-signature": undefined }), "MissingHeader")
  })

  it("F76: refuses a replayed message: later than the window by its time, within it by its id", () => {
    const verify = WebhookSignature.makeVerifier({ secrets: ["secret"] })
    const captured = signed(["secret"])
    assert.strictEqual(reasonOf(verify(captured, now + 1000)), "accepted")
    assert.strictEqual(reasonOf(verify(captured, now + 2000)), "Replayed")
    assert.strictEqual(reasonOf(verify(captured, now + WebhookSignature.toleranceMillis)), "Replayed")
    for (const late of [WebhookSignature.toleranceMillis + 1, 3_600_000, 30 * 86_400_000]) {
      assert.strictEqual(reasonOf(verify(captured, now + late)), "WrongTimestamp")
    }
    const early = WebhookSignature.makeVerifier({ secrets: ["secret"] })
    assert.strictEqual(reasonOf(early(signed(["secret"], now + 300_000), now)), "accepted")
    assert.strictEqual(reasonOf(early(signed(["secret"], now + 300_000), now + 600_000)), "Replayed")
    assert.strictEqual(reasonOf(early(signed(["secret"], now + 300_000), now + 600_001)), "WrongTimestamp")
  })
})
