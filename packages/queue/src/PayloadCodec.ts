/**
 * What becomes of a job's data on its way into the storage and back: encrypted with AES-256-GCM, for one.
 *
 * A reference that is null unless provided: then everything is stored as it is. `Queue`, `Worker` and `Scheduler` take it
 * when their layers are built. It covers payloads (those of schedules too), results, checkpoints, notes of progress, log
 * lines, and of errors everything but the tag. Names, queues, tenants, tags, unique keys, limits and their keys, and reasons
 * of cancels stay plain: the storage works with them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aes from "./internal/aes256gcm.ts"
import { InvalidOption } from "./QueueError.ts"

/**
 * To what an encoded value belongs: it decodes nowhere else.
 *
 * **Details**
 *
 * `subject` is the job's name for a payload, which is written before the job has an id, and the job's id for all others.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Binding {
  readonly purpose: "payload" | "result" | "error" | "checkpoint" | "note" | "log"
  readonly subject: string
}

/**
 * A codec between the JSON of a job's schemas and the JSON that is stored.
 *
 * **Details**
 *
 * - `encode` must not throw, and may answer something else each time.
 * - `decode` answers a value that was not encoded as it is, so that jobs from before the codec was switched on still run.
 *   The failure says why a value can not be read, without anything of it; the payload's job is quarantined then.
 *
 * Both are synchronous, as the schemas of jobs are: fetch keys before the layers are built.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Codec {
  readonly encode: (value: Schema.Json, binding: Binding) => Schema.Json
  readonly decode: (value: Schema.Json, binding: Binding) => Result.Result<Schema.Json, string>
}

/**
 * The codec. Defaults to null: nothing is encoded.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const PayloadCodec = Context.Reference<Codec | null>("@millrace/queue/PayloadCodec", {
  defaultValue: () => null
})

/**
 * Provides a codec to `Queue.layer`, `Worker.layer` and `Scheduler.layer`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (codec: Codec | null): Layer.Layer<never> => Layer.succeed(PayloadCodec, codec)

/**
 * A key: `id` (1 to 64 letters, digits, `_`, `-` or `.`) is stored with what it encrypts, `secret` is the base64 of 32
 * random bytes.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Key {
  readonly id: string
  readonly secret: Redacted.Redacted
}

/**
 * The keys, and whether they encrypt.
 *
 * **Details**
 *
 * The first key encrypts, all of them decrypt. `encrypts: false` only decrypts, for the time in which some programs do not
 * have the keys yet, and for the way back. Defaults to true.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Aes256GcmOptions {
  readonly keys: ReadonlyArray<Key>
  readonly encrypts?: boolean
}

/**
 * Encrypts with AES-256-GCM: a random nonce of 96 bits for each value, the binding as additional authenticated data.
 *
 * **Details**
 *
 * A value becomes `{"$millrace":"a256gcm","k":"key id","n":"nonce","c":"ciphertext and tag"}`, four thirds as long.
 * A value that is stored for one job name does not decrypt under another.
 *
 * **Gotchas**
 *
 * A key is good for 4 billion values, after which random nonces may meet (NIST SP 800-38D, 8.3): rotate it before.
 * Values that are not encrypted are taken as they are: who may write to the database can put plain ones there.
 *
 * **Errors**
 *
 * Throws `InvalidOption` for keys that can not be, without a word of their secrets.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const aes256gcm = ({ encrypts = true, keys }: Aes256GcmOptions): Codec => {
  const opened = Result.getOrThrow(Result.all(keys.map(({ id, secret }, index) => keyOf(id, secret, index))))
  const [first] = opened
  if (first === undefined) throw new InvalidOption({ field: "keys", detail: "expected at least one key" })
  const byId = new Map(opened.map((key) => [key.id, key]))
  if (byId.size < opened.length) throw new InvalidOption({ field: "keys", detail: "two keys have the same id" })
  return {
    encode: (value, binding) => encrypts ? Aes.encrypt(first, value, associated(binding)) : value,
    decode: (value, binding) =>
      Aes.isEnvelope(value) ? Aes.decrypt(byId, value, associated(binding)) : Result.succeed(value)
  }
}

/**
 * The codec of keys in one text: `id:secret`, separated by commas, the first of which encrypts. With `plain` as the first
 * entry nothing is encrypted, and all keys still decrypt.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromText = (text: Redacted.Redacted): Result.Result<Codec, InvalidOption> => {
  const entries = Redacted.value(text).split(",").map((entry) => entry.trim())
  const isPlain = entries[0] === plain
  return Result.try({
    try: () => aes256gcm({ keys: (isPlain ? entries.slice(1) : entries).map(entryOf), encrypts: !isPlain }),
    catch: (thrown) =>
      thrown instanceof InvalidOption ? thrown : new InvalidOption({ field: "keys", detail: "unreadable" })
  })
}

/**
 * Schema of the text that `fromText` takes: for settings. What is wrong is told without the secrets.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const KeysText = Schema.Redacted(Schema.String.check(Schema.makeFilter((text: string) => {
  const codec = fromText(Redacted.make(text))
  return Result.isSuccess(codec)
    || `must be id:secret, separated by commas, each secret the base64 of 32 bytes; ${codec.failure.detail}`
})))

/**
 * Provides the codec of keys in one text, as `fromText` reads it; null: none.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerText = (text: Redacted.Redacted | null): Layer.Layer<never, InvalidOption> =>
  Layer.effect(
    PayloadCodec,
    text === null ? Effect.succeed(null) : Effect.suspend(() => Effect.fromResult(fromText(text)))
  )

/**
 * Whether a value looks like one that was encrypted.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isEncrypted = (value: Schema.Json): boolean => Aes.isEnvelope(value)

/** The entry that keeps the keys after it from encrypting. */
const plain = "plain"

/** Without a colon the entry may be a bare secret: then it has no id. */
const entryOf = (entry: string): Key => {
  const colon = entry.indexOf(":")
  return { id: colon === -1 ? "" : entry.slice(0, colon), secret: Redacted.make(entry.slice(colon + 1)) }
}

const idPattern = /^[\w.-]{1,64}$/

const keyOf = (id: string, secret: Redacted.Redacted, index: number): Result.Result<Aes.Key, InvalidOption> => {
  const place = `key ${index + 1}`
  if (!idPattern.test(id)) {
    const detail = `${place} has no id of 1 to 64 letters, digits, _, - or . before its colon`
    return Result.fail(new InvalidOption({ field: "keys", detail }))
  }
  const bytes = Aes.secretOf(Redacted.value(secret))
  if (bytes === null) {
    const detail = `the secret of ${place} (${id}) is not the base64 of 32 bytes; openssl rand -base64 32 prints one`
    return Result.fail(new InvalidOption({ field: "keys", detail }))
  }
  return Result.succeed({ id, secret: bytes })
}

/** JSON, so that no two bindings look the same. */
const associated = ({ purpose, subject }: Binding): string => JSON.stringify(["millrace", purpose, subject])
