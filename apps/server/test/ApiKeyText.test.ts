import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as ApiKeyText from "../src/ApiKeyText.ts"

describe("ApiKeyText", () => {
  it.effect("makes keys of 256 random bits that come back from their text", () =>
    Effect.gen(function*() {
      const keys = yield* Effect.all(Array.from({ length: 50 }, () => ApiKeyText.make))
      const texts = keys.map(ApiKeyText.toText)
      assert.strictEqual(new Set(texts).size, 50)
      for (const [index, text] of texts.entries()) {
        assert.match(text, /^mr_[0-9a-f]{16}\.[A-Za-z0-9_-]{43}$/)
        const parsed = ApiKeyText.parse(text)
        assert(parsed !== null, text)
        assert.strictEqual(ApiKeyText.toText(parsed), texts[index])
        assert.strictEqual(Buffer.from(Redacted.value(parsed.secret), "base64url").length, 32)
      }
    }))

  it("is none of texts that are cut, longer, or of another form", () => {
    const secret = "s".repeat(43)
    assert.isNotNull(ApiKeyText.parse(`mr_a1.${secret}`))
    const wrong = [
      "",
      "mr_",
      `mr_.${secret}`,
      `mr_a1.${secret}x`,
      `mr_a1.${secret.slice(1)}`,
      `MR_a1.${secret}`,
      `mr_A1.${secret}`,
      `mr_a1 .${secret}`,
      `mr_a1.${secret}\n`,
      `mr_a'.${secret}`,
      `mr_a1.${"ß".repeat(43)}`,
      `mr_${"a".repeat(33)}.${secret}`
    ]
    for (const text of wrong) assert.isNull(ApiKeyText.parse(text), text)
  })

  it.effect("matches its own hash, and no other, however long that is", () =>
    Effect.gen(function*() {
      const secret = yield* ApiKeyText.newSecret
      const other = yield* ApiKeyText.newSecret
      const hash = ApiKeyText.hash(secret)
      assert.match(hash, /^[0-9a-f]{64}$/)
      assert.notInclude(hash, Redacted.value(secret))
      assert.isTrue(ApiKeyText.matches(secret, hash))
      assert.isFalse(ApiKeyText.matches(other, hash))
      assert.isFalse(ApiKeyText.matches(secret, ""))
      assert.isFalse(ApiKeyText.matches(secret, `${hash}0`))
    }))
})
