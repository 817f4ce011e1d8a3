/**
 * API keys as callers send them: `mr_<id>.<secret>`.
 *
 * The id is public: it finds the key, and stands in the log and the audit. The secret has 256 random bits, so that its
 * SHA-256 is as good as a slow hash: there is nothing to guess. Hashes are compared in constant time.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Crypto from "node:crypto"

/**
 * The parts of a key.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ApiKeyText {
  readonly id: string
  readonly secret: Redacted.Redacted
}

/** 32 bytes in base64url are 43 characters. */
const pattern = /^mr_([0-9a-z]{1,32})\.([A-Za-z0-9_-]{43})$/

/**
 * Reads a key; null for text that is none.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const parse = (text: string): ApiKeyText | null => {
  const [, id, secret] = pattern.exec(text) ?? []
  return id === undefined || secret === undefined ? null : { id, secret: Redacted.make(secret) }
}

/**
 * Writes a key.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const toText = ({ id, secret }: ApiKeyText): string => `mr_${id}.${Redacted.value(secret)}`

/**
 * Makes a new secret of 256 random bits.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const newSecret: Effect.Effect<Redacted.Redacted> = Effect.sync(() =>
  Redacted.make(Crypto.randomBytes(32).toString("base64url"))
)

/**
 * Makes a new key.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<ApiKeyText> = Effect.map(newSecret, (secret) => ({
  id: Crypto.randomBytes(8).toString("hex"),
  secret
}))

/**
 * Hashes a secret: SHA-256, as hexadecimal digits.
 *
 * @stability unstable
 * @category security
 * @since 0.1.0
 */
export const hash = (secret: Redacted.Redacted): string =>
  Crypto.createHash("sha256").update(Redacted.value(secret)).digest("hex")

/**
 * Tells whether a secret has this hash, in a time that says nothing of how much of it is right.
 *
 * @stability unstable
 * @category security
 * @since 0.1.0
 */
export const matches = (secret: Redacted.Redacted, hashed: string): boolean =>
  // Hashed once more, so that both sides have one length whatever was stored.
  Crypto.timingSafeEqual(digest(hash(secret)), digest(hashed))

const digest = (text: string): Buffer => Crypto.createHash("sha256").update(text).digest()
