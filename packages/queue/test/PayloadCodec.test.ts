import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import * as PayloadCodec from "../src/PayloadCodec.ts"
import { InvalidOption } from "../src/QueueError.ts"

const secretOf = (byte: number): string => Buffer.alloc(32, byte).toString("base64")
const keyOf = (id: string, byte: number): PayloadCodec.Key => ({ id, secret: Redacted.make(secretOf(byte)) })

const old = keyOf("2025", 1)
const fresh = keyOf("2026", 2)

const binding = { purpose: "payload", subject: "Invoice" } as const
const value = { card: "4242 4242", amounts: [1, 2.5, null], note: "schön \u{1F600}" }

const envelopeOf = (json: unknown) => json as { readonly k: string; readonly n: string; readonly c: string }

describe("PayloadCodec", () => {
  it("gives back what was encrypted, and shows nothing of it", () => {
    const codec = PayloadCodec.aes256gcm({ keys: [fresh] })
    const stored = codec.encode(value, binding)
    assert.sameMembers(Object.keys(envelopeOf(stored)), ["$millrace", "k", "n", "c"])
    assert.notInclude(JSON.stringify(stored), "4242")
    assert.deepStrictEqual(codec.decode(stored, binding), Result.succeed(value))
    for (const other of [null, "text", 0, [], {}, [value]]) {
      assert.deepStrictEqual(codec.decode(codec.encode(other, binding), binding), Result.succeed(other))
    }
  })

  it("never uses a nonce again", () => {
    const codec = PayloadCodec.aes256gcm({ keys: [fresh] })
    const all = Array.from({ length: 1000 }, () => envelopeOf(codec.encode(value, binding)))
    assert.strictEqual(new Set(all.map(({ n }) => n)).size, 1000)
    assert.strictEqual(new Set(all.map(({ c }) => c)).size, 1000)
    assert.isTrue(all.every(({ n }) => Buffer.from(n, "base64").length === 12))
  })

  it("encrypts with the first key and decrypts with any", () => {
    const before = PayloadCodec.aes256gcm({ keys: [old] })
    const rotated = PayloadCodec.aes256gcm({ keys: [fresh, old] })
    const stored = before.encode(value, binding)
    assert.strictEqual(envelopeOf(stored).k, "2025")
    assert.strictEqual(envelopeOf(rotated.encode(value, binding)).k, "2026")
    assert.deepStrictEqual(rotated.decode(stored, binding), Result.succeed(value))
  })

  it("only decrypts when it is told not to encrypt", () => {
    const codec = PayloadCodec.aes256gcm({ keys: [fresh], encrypts: false })
    assert.deepStrictEqual(codec.encode(value, binding), value)
    const stored = PayloadCodec.aes256gcm({ keys: [fresh] }).encode(value, binding)
    assert.deepStrictEqual(codec.decode(stored, binding), Result.succeed(value))
  })

  it("takes what was never encrypted as it is, also what looks a little like it", () => {
    const codec = PayloadCodec.aes256gcm({ keys: [fresh] })
    for (const plain of [value, "text", null, [1], { $millrace: "other" }, { $millrace: "a256gcm", k: "2026" }]) {
      assert.deepStrictEqual(codec.decode(plain, binding), Result.succeed(plain))
    }
  })

  it("says which key is missing", () => {
    const stored = PayloadCodec.aes256gcm({ keys: [old] }).encode(value, binding)
    const decoded = PayloadCodec.aes256gcm({ keys: [fresh] }).decode(stored, binding)
    assert.deepStrictEqual(
      decoded,
      Result.fail("it is encrypted with the key \"2025\", which is not among the keys here")
    )
  })

  it("refuses another secret, another job name, another purpose, and what was changed", () => {
    const codec = PayloadCodec.aes256gcm({ keys: [fresh] })
    const stored = codec.encode(value, binding) as Record<string, string>
    const other = PayloadCodec.aes256gcm({ keys: [keyOf("2026", 3)] })
    const flipped = (text: string) => {
      const bytes = Buffer.from(text, "base64")
      bytes[0] = (bytes[0] ?? 0) ^ 1
      return bytes.toString("base64")
    }
    const attempts = [
      other.decode(stored, binding),
      codec.decode(stored, { ...binding, subject: "Refund" }),
      codec.decode(stored, { ...binding, purpose: "result" }),
      codec.decode({ ...stored, c: flipped(stored["c"] ?? "") }, binding),
      codec.decode({ ...stored, n: flipped(stored["n"] ?? "") }, binding),
      codec.decode({ ...stored, c: (stored["c"] ?? "").slice(0, 8) }, binding),
      codec.decode({ ...stored, n: "" }, binding)
    ]
    for (const attempt of attempts) {
      assert(Result.isFailure(attempt))
      assert.match(attempt.failure, /^it does not decrypt with the key "2026"/)
    }
  })

  it("reads keys from a text", () => {
    const text = (entries: string) => PayloadCodec.fromText(Redacted.make(entries))
    const both = Result.getOrThrow(text(`2026:${secretOf(2)}, 2025:${secretOf(1)}`))
    assert.strictEqual(envelopeOf(both.encode(value, binding)).k, "2026")
    const url = Buffer.alloc(32, 0xfb).toString("base64url")
    assert.isTrue(Result.isSuccess(text(`a:${url}`)))
    const plain = Result.getOrThrow(text(`plain,2026:${secretOf(2)}`))
    assert.deepStrictEqual(plain.encode(value, binding), value)
    assert.deepStrictEqual(plain.decode(both.encode(value, binding), binding), Result.succeed(value))
  })

  it("refuses keys that can not be, and tells nothing of their secrets", () => {
    const secret = secretOf(7)
    const wrong: ReadonlyArray<readonly [text: string, why: RegExp]> = [
      ["", /key 1 has no id/],
      ["plain", /at least one key/],
      [secret, /key 1 has no id/],
      [`a:${secret},${secret}`, /key 2 has no id/],
      [`a b:${secret}`, /key 1 has no id/],
      [`a:${secret.slice(4)}`, /secret of key 1 \(a\) is not the base64 of 32 bytes/],
      [`a:${Buffer.alloc(16, 7).toString("base64")}`, /secret of key 1 \(a\)/],
      [`a:${secret},b:`, /secret of key 2 \(b\)/],
      [`a:${secret},a:${secretOf(8)}`, /same id/],
      [`a:${secret},plain`, /key 2 has no id/]
    ]
    for (const [text, why] of wrong) {
      const codec = PayloadCodec.fromText(Redacted.make(text))
      assert(Result.isFailure(codec), text)
      assert.instanceOf(codec.failure, InvalidOption)
      assert.match(codec.failure.message, why)
      assert.notInclude(codec.failure.message, secret.slice(4, 20))
    }
    assert.throws(() => PayloadCodec.aes256gcm({ keys: [] }), InvalidOption)
    const decode = Schema.decodeUnknownResult(PayloadCodec.KeysText)
    assert.isTrue(Result.isSuccess(decode(Redacted.make(`a:${secret}`))))
    const refused = decode(Redacted.make(`a:${secret.slice(4)}`))
    assert(Result.isFailure(refused))
    assert.notInclude(refused.failure.message, secret.slice(4, 20))
  })
})
