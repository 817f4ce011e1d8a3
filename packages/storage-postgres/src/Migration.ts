/**
 * One change of the database schema.
 *
 * @since 0.1.0
 */

/**
 * A migration: statements forward and back, given the quoted schema name.
 *
 * **Details**
 *
 * Each statement is sent on its own; all run in one transaction. `id` grows by one.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Migration {
  readonly id: number
  readonly name: string
  readonly up: (schema: string) => ReadonlyArray<string>
  readonly down: (schema: string) => ReadonlyArray<string>
}
