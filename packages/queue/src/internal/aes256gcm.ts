/**
 * AES-256-GCM over JSON values, and the envelope in which they are stored.
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"

/** A key of 32 bytes. */
export interface Key {
  readonly id: string
  readonly secret: Uint8Array
}

/** An encrypted value: `k` the id of its key, `n` its nonce, `c` the ciphertext with its tag, both base64. */
interface Envelope {
  readonly $millrace: typeof mark
  readonly k: string
  readonly n: string
  readonly c: string
}

const mark = "a256gcm"
const algorithm = "aes-256-gcm"

/** Bytes of a key, of a nonce (NIST SP 800-38D, 8.2.2: 96 bits), of a tag. */
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** The bytes of a secret written in base64 (either alphabet); null when they are not 32. */
export const secretOf = (text: string): Uint8Array | null => {
  if (!/^[\w+/-]{43}=?$/.test(text)) return null
  const bytes = Buffer.from(text, "base64")
  return bytes.length === keyBytes ? bytes : null
}

/** Is this an encrypted value? */
export const isEnvelope = (value: Schema.Json): value is Schema.Json & Envelope => {
  if (typeof value !== "object" || value === null || !("$millrace" in value)) return false
  const { $millrace, c, k, n } = value as Partial<Record<keyof Envelope, unknown>>
  return $millrace === mark && typeof k === "string" && typeof n === "string" && typeof c === "string"
}

/** Encrypts a value under a fresh nonce. */
export const encrypt = ({ id, secret }: Key, value: Schema.Json, associated: string): Schema.Json => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, secret, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(associated))
  const parts = [cipher.update(JSON.stringify(value), "utf8"), cipher.final()]
  const sealed = Buffer.concat([...parts, cipher.getAuthTag()])
  const envelope: Envelope = { $millrace: mark, k: id, n: nonce.toString("base64"), c: sealed.toString("base64") }
  return { ...envelope }
}

/** Decrypts a value, or says why it can not be: of the envelope only the key's id is told. */
export const decrypt = (
  keys: ReadonlyMap<string, Key>,
  { c, k, n }: Envelope,
  associated: string
): Result.Result<Schema.Json, string> => {
  const key = keys.get(k)
  if (key === undefined) {
    return Result.fail(`it is encrypted with the key ${shown(k)}, which is not among the keys here`)
  }
  return Result.try({
    try: () => open(key, Buffer.from(n, "base64"), Buffer.from(c, "base64"), associated),
    catch: () =>
      `it does not decrypt with the key ${shown(k)}: the secret is another one, or the stored value was changed`
  })
}

/** Throws when the tag does not fit. */
const open = (key: Key, nonce: Uint8Array, sealed: Uint8Array, associated: string): Schema.Json => {
  const end = sealed.length - tagBytes
  const decipher = createDecipheriv(algorithm, key.secret, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(associated))
  decipher.setAuthTag(sealed.subarray(end))
  const text = Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]).toString("utf8")
  return JSON.parse(text) as Schema.Json
}

const shown = (id: string): string => JSON.stringify(id.slice(0, 64))
