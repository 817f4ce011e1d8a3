/**
 * One line of the audit: who changed what, and when.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"

/**
 * A line to write.
 *
 * **Details**
 *
 * - `actor`: the id of the API key, or `local` where no key is needed
 * - `action`: group and endpoint, such as `jobs.cancel`
 * - `targets`: the ids and names that it was about
 * - `address`: where the request came from; null when unknown
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface NewAuditEntry {
  readonly actor: string
  readonly action: string
  readonly targets: ReadonlyArray<string>
  readonly address: string | null
  readonly detail: Schema.Json
}

/**
 * A written line. Ids rise with time.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface AuditEntry extends NewAuditEntry {
  readonly id: string
  readonly at: DateTime.Utc
}

/**
 * Which lines to read, newest first.
 *
 * **Details**
 *
 * `before` is the id of the last line of the page before. `target` is one id or name that it was about.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface AuditQuery {
  readonly limit: number
  readonly before?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
}
