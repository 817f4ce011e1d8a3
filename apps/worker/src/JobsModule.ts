/**
 * Loads the modules of the user and finds the job layers that they export.
 *
 * The path comes from whoever starts the worker, never from a job: the module runs with all rights of the process.
 *
 * @since 0.1.0
 */
import type { Handlers } from "@millrace/queue/Handlers"
import type { Queue } from "@millrace/queue/Queue"
import type { Scheduler } from "@millrace/scheduler/Scheduler"
import type { Storage } from "@millrace/storage/Storage"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as NodeUrl from "node:url"

/**
 * A module could not be loaded, or exports nothing that a worker can serve.
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

/**
 * What a layer of a module may use beside what it brings itself.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Provided = Handlers | Queue | Scheduler | Storage | FileSystem.FileSystem | Path.Path

/**
 * A layer that a module exports. Nobody has checked what it needs: a missing service is a defect when it is built.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ExportedLayer = Layer.Layer<never, unknown, Provided>

/** A module that waits for something at its top level must not keep the worker waiting for ever. */
const patience = "30 seconds"

/**
 * Loads a module and answers the layers that it exports: one by one, as its default, or in lists.
 *
 * **Details**
 *
 * `path` is relative to the working directory and may be TypeScript (types are stripped, not checked).
 *
 * **Errors**
 *
 * `JobsModuleFailed`: no such file, it throws while it loads, it takes longer than 30 seconds, or it exports no layer.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const load = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const { resolve } = yield* Path.Path
  const file = resolve(path)
  const info = yield* fs.stat(file).pipe(
    Effect.mapError(() => new JobsModuleFailed({ path, detail: `there is no file ${file}` }))
  )
  if (info.type !== "File") {
    return yield* new JobsModuleFailed({ path, detail: `${file} is not a file` })
  }
  const exported = yield* Effect.tryPromise({
    try: (): Promise<object> => import(NodeUrl.pathToFileURL(file).href),
    catch: (error) => new JobsModuleFailed({ path, detail: `it fails to load: ${reasonOf(error)}` })
  }).pipe(Effect.timeoutOrElse({
    duration: patience,
    orElse: () => Effect.fail(new JobsModuleFailed({ path, detail: `it was not loaded within ${patience}` }))
  }))
  const layers = layersOf(exported)
  return layers.length > 0 ? layers : yield* new JobsModuleFailed({ path, detail: nothingIn(exported) })
})

/**
 * The layers among the exports of a module, each once.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const layersOf = (exported: object): ReadonlyArray<ExportedLayer> => [
  ...new Set(exportsOf(exported).filter(isExportedLayer))
]

const isExportedLayer = (value: unknown): value is ExportedLayer => Layer.isLayer(value)

const exportsOf = (exported: object): ReadonlyArray<unknown> =>
  Object.values(exported).flatMap((value: unknown) => Array.isArray(value) ? value : [value])

// The likely mistake is named: the definition is exported, its handler is not.
const nothingIn = (exported: object): string => {
  const names = exportsOf(exported).filter(isDefinition).map(({ name }) => name)
  return names.length === 0
    ? "it exports no job layer (export what Job.make(…).toLayer(handler) returns)"
    : `it exports the jobs ${names.join(", ")} without a handler (export what their toLayer(handler) returns)`
}

const isDefinition = (value: unknown): value is { readonly name: string } =>
  Predicate.hasProperty(value, "toLayer") && Predicate.hasProperty(value, "name") && Predicate.isString(value.name)

const reasonOf = (error: unknown): string => error instanceof Error ? `${error.name}: ${error.message}` : String(error)
