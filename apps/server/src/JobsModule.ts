/**
 * Loads a module of the user and finds the job definitions that it exports.
 *
 * @since 0.1.0
 */
import type { JobDefinition } from "@millrace/queue"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as NodePath from "node:path"
import * as NodeUrl from "node:url"
import type { HandlersLayer } from "./Drainer.ts"

/**
 * The module could not be loaded.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class JobsModuleFailed extends Schema.TaggedError<JobsModuleFailed>()("JobsModuleFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `The jobs module ${this.path} can not be used: ${this.detail}`
  }
}

/** A module that waits for something at its top level must not keep the server waiting for ever. */
const patience = "30 seconds"

/**
 * Loads the definitions of a module: those that it exports one by one, and those in lists that it exports.
 *
 * **Details**
 *
 * `path` is relative to the working directory. The module runs: it is code of whoever starts the server. One that
 * exports no definition, only handlers, is no mistake: its jobs are known while a worker runs them.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const load = Effect.fnUntraced(function*(
  path: string
): Effect.fn.Return<ReadonlyArray<JobDefinition.JobDefinition>, JobsModuleFailed> {
  const exported = yield* read(path)
  const definitions = definitionsOf(exported)
  if (definitions.length === 0) {
    yield* Effect.logWarning(`${path} exports no job definition: its jobs are known only while a worker runs them`)
  }
  return definitions
})

/**
 * Loads the layers of handlers that a module exports, for `POST /api/v1/drain`. The module runs once, however often it
 * is loaded.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const loadLayers = (path: string): Effect.Effect<ReadonlyArray<HandlersLayer>, JobsModuleFailed> =>
  Effect.map(read(path), (exported) => [...new Set(valuesOf(exported).filter(isLayer))])

const isLayer = (value: unknown): value is HandlersLayer => Layer.isLayer(value)

const read = (path: string): Effect.Effect<object, JobsModuleFailed> => {
  const url = NodeUrl.pathToFileURL(NodePath.resolve(path)).href
  return Effect.tryPromise({
    try: (): Promise<object> => import(url),
    catch: (error) => new JobsModuleFailed({ path, detail: error instanceof Error ? error.message : String(error) })
  }).pipe(Effect.timeoutOrElse({
    duration: patience,
    orElse: () => Effect.fail(new JobsModuleFailed({ path, detail: `it was not loaded within ${patience}` }))
  }))
}

const valuesOf = (exported: object): ReadonlyArray<unknown> =>
  Object.values(exported).flatMap((value: unknown) => Array.isArray(value) ? value : [value])

/**
 * Finds the definitions among the exports of a module.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const definitionsOf = (exported: object): ReadonlyArray<JobDefinition.JobDefinition> => [
  ...new Set(
    valuesOf(exported).filter(isDefinition)
  )
]

const isDefinition = (value: unknown): value is JobDefinition.JobDefinition =>
  Predicate.hasProperty(value, "name") && typeof value.name === "string" &&
  Predicate.hasProperty(value, "payloadSchema") && Schema.isSchema(value.payloadSchema) &&
  Predicate.hasProperty(value, "codec") && Predicate.hasProperty(value, "options")
