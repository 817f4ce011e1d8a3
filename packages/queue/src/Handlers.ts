/**
 * The handlers that a worker may run: `Job.toLayer` adds to them, `Worker.layer` provides them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Info } from "./CurrentJob.ts"
import type { JobDefinition } from "./JobDefinition.ts"

/**
 * Whatever a handler fails with: the job's codec is what gives it a type again.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Thrown = NonNullable<unknown> | null | undefined

/**
 * A job with the function that runs it and the services that function needs.
 *
 * **Details**
 *
 * `run` gets the decoded payload and the attempt. Its effect may use `CurrentJob` and `Scope` beside the services
 * in `context`; the scope is closed when the attempt ends.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Handler {
  readonly definition: JobDefinition
  readonly run: (payload: unknown, job: Info) => Effect.Effect<unknown, Thrown>
  readonly context: Context.Context<never>
}

/**
 * The registry of handlers.
 *
 * **Details**
 *
 * - `register` adds a handler until the scope closes, and lets the worker claim jobs of its name from then on.
 *   When the scope closes, the name is claimed no more, running attempts of it get the worker's grace to end, and
 *   what is left is interrupted and given back: so the services that a handler needs outlive its attempts.
 *   Dies with `InvalidOption` when the name has a handler already.
 * - `names` are the registered names.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Handlers extends Context.Service<Handlers, {
  readonly register: (handler: Handler) => Effect.Effect<void, never, Scope.Scope>
  readonly names: Effect.Effect<ReadonlyArray<string>>
}>()("@millrace/queue/Handlers") {}
