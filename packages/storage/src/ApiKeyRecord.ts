/**
 * An API key as it is stored: what it may do, until when, and the hashes of its secrets. Never a secret.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"

/**
 * What a key may do.
 *
 * **Details**
 *
 * `enqueue` creates jobs. `read` sees everything but keys and the audit. `operate` reads, and changes jobs, queues,
 * schedules and limits. `admin` does everything.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ApiKeyScope = "enqueue" | "read" | "operate" | "admin"

/**
 * A new key.
 *
 * **Details**
 *
 * - `id` names it everywhere, and is no secret; `hash` is the SHA-256 of its secret, as hexadecimal digits
 * - `queues` are patterns in which `*` stands for any characters; null: every queue
 * - `tenant` is the only one whose jobs it sees and makes; null: every tenant
 * - `expiresInMillis` counts by the storage's clock; null: never
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface NewApiKey {
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly scopes: ReadonlyArray<ApiKeyScope>
  readonly queues: ReadonlyArray<string> | null
  readonly tenant: string | null
  readonly expiresInMillis: number | null
}

/**
 * A stored key.
 *
 * **Details**
 *
 * `previousHash` is that of the secret before the last rotation, good until `previousUntil`. A key is never deleted:
 * `revokedAt` ends it. `lastUsedAt` is up to a minute late.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ApiKeyRecord {
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly previousHash: string | null
  readonly previousUntil: DateTime.Utc | null
  readonly scopes: ReadonlyArray<ApiKeyScope>
  readonly queues: ReadonlyArray<string> | null
  readonly tenant: string | null
  readonly createdAt: DateTime.Utc
  readonly expiresAt: DateTime.Utc | null
  readonly revokedAt: DateTime.Utc | null
  readonly lastUsedAt: DateTime.Utc | null
}
