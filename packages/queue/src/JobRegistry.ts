/**
 * The kinds of jobs that a producer by name knows, such as an HTTP API.
 *
 * A reference that is empty unless provided: then `Queue.enqueueEncoded` takes any name and only guards the JSON.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { JobDefinition } from "./JobDefinition.ts"

/**
 * Known definitions by name.
 *
 * **Details**
 *
 * A payload for a known name is validated by its definition, whose options are the defaults.
 * `strict` refuses unknown names with `UnknownJob`; otherwise their payload is any JSON.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Registered {
  readonly definitions: ReadonlyMap<string, JobDefinition>
  readonly strict: boolean
}

/**
 * The registry. Defaults to no definitions, not strict.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const JobRegistry = Context.Reference<Registered>("@millrace/queue/JobRegistry", {
  defaultValue: () => ({ definitions: new Map(), strict: false })
})

/**
 * Makes a registry of definitions; a later one of the same name wins. `strict` defaults to false.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  definitions: Iterable<JobDefinition>,
  options: { readonly strict?: boolean } = {}
): Registered => ({
  definitions: new Map(Array.from(definitions, (definition) => [definition.name, definition] as const)),
  strict: options.strict ?? false
})

/**
 * Provides a registry to `Queue.layer`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  definitions: Iterable<JobDefinition>,
  options?: { readonly strict?: boolean }
): Layer.Layer<never> => Layer.succeed(JobRegistry, make(definitions, options))
