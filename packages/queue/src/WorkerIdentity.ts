/**
 * What a worker calls itself in the storage and in its logs.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * The process that a worker runs in.
 *
 * **Details**
 *
 * `release` is the version of the program, shown to operators.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  readonly host: string
  readonly pid: number
  readonly release: string
}

/**
 * The identity of the worker's process. Defaults to host `local`, the process id, and an empty release; programs set it.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const WorkerIdentity = Context.Reference<Identity>("@millrace/queue/WorkerIdentity", {
  defaultValue: () => ({ host: "local", pid: globalThis.process?.pid ?? 0, release: "" })
})
