/**
 * The kinds of jobs that may be created: those that the server has a definition of, and those that live workers run.
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import type { JobType } from "@millrace/api"
import { JobDefaults, Queue } from "@millrace/queue"
import type { JobDefinition } from "@millrace/queue"
import type { StorageError } from "@millrace/storage"
import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as FieldIssue from "./FieldIssue.ts"

/**
 * The definitions that the server starts with. A name of `module` wins over the same of `builtIn`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Sources {
  readonly builtIn: ReadonlyArray<JobDefinition.JobDefinition>
  readonly module: ReadonlyArray<JobDefinition.JobDefinition>
}

/**
 * The known kinds of jobs.
 *
 * **Details**
 *
 * - `all`: every kind, by name
 * - `check`: why a job of this name and payload can not be created, or null. Fields start at `payload`
 *
 * The names of live workers are read at most every three seconds: a kind that a worker brought just now may be
 * refused that long.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class KnownJobs extends Context.Service<KnownJobs, {
  readonly all: Effect.Effect<ReadonlyArray<JobType.JobType>, StorageError.StorageError>
  readonly check: (job: {
    readonly name: string
    readonly payload: Schema.Json
  }) => Effect.Effect<ApiError.UnknownJob | ApiError.InvalidPayload | null, StorageError.StorageError>
}>()("@millrace/server/KnownJobs") {}

interface Known {
  readonly type: JobType.JobType
  readonly check: (payload: Schema.Json) => FieldIssue.FieldIssue | null
}

/** How long the names of live workers are good for. */
const namesAge = Duration.seconds(3)

/**
 * The known kinds of jobs, from definitions and from the queue's workers.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (sources: Sources): Layer.Layer<KnownJobs, never, Queue.Queue> =>
  Layer.effect(
    KnownJobs,
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const defined = define(sources, yield* JobDefaults.JobDefaults)
      const workers = yield* Cache.makeWith(() => Effect.map(queue.overview, namesOf), {
        capacity: 1,
        timeToLive: (exit) => Exit.isSuccess(exit) ? namesAge : Duration.zero
      })
      const names = Cache.get(workers, "names")
      return KnownJobs.of({
        all: Effect.map(names, (names) => list(defined, names)),
        check: ({ name, payload }) => {
          const known = defined.get(name)
          if (known !== undefined) return Effect.succeed(toInvalidPayload(name, known.check(payload)))
          return Effect.map(names, (names) =>
            names.includes(name) ? null : unknownJob(name, [...defined.keys(), ...names]))
        }
      })
    })
  )

/** Compiles the definitions: their JSON Schemas and their checks. */
const define = ({ builtIn, module }: Sources, defaults: JobDefaults.Values): ReadonlyMap<string, Known> =>
  new Map([
    ...builtIn.map((definition) => [definition.name, compile(definition, "built-in", defaults)] as const),
    ...module.map((definition) => [definition.name, compile(definition, "module", defaults)] as const)
  ])

const compile = (
  defined: JobDefinition.JobDefinition,
  source: "built-in" | "module",
  defaults: JobDefaults.Values
): Known => {
  const definition = JobDefaults.applied(defined, defaults)
  const codec: Schema.ConstraintCodec<unknown, Schema.Json> = Schema.toCodecJson(definition.payloadSchema)
  const decode = Schema.decodeUnknownResult(codec, { onExcessProperty: "error" })
  return {
    type: {
      name: definition.name,
      source,
      version: definition.options.version,
      queue: definition.options.queue,
      payload: jsonSchemaOf(definition.payloadSchema),
      retry: toJson(definition.options.retry),
      timeoutMillis: definition.options.timeoutMillis
    },
    check: (payload) => {
      const decoded = decode(payload)
      return Result.isSuccess(decoded)
        ? null
        : FieldIssue.first(decoded.failure.issue, ["payload"], definition.codec.hidesPayload)
    }
  }
}

/** A retry policy is data; this leaves its class behind. */
const toJson = (data: object): Schema.Json => JSON.parse(JSON.stringify(data)) as Schema.Json

const jsonSchemaOf = (schema: JobDefinition.AnySchema): Schema.Json => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" })
  const $schema = "https://json-schema.org/draft/2020-12/schema"
  return (Object.keys(definitions).length === 0
    ? { $schema, ...root }
    : { $schema, ...root, $defs: definitions }) as Schema.Json
}

const namesOf = (
  { workers }: { readonly workers: ReadonlyArray<{ readonly info: { readonly names: ReadonlyArray<string> } }> }
) => [...new Set(workers.flatMap((worker) => worker.info.names))]

const list = (defined: ReadonlyMap<string, Known>, names: ReadonlyArray<string>): ReadonlyArray<JobType.JobType> =>
  [
    ...Array.from(defined.values(), (known) => known.type),
    ...names.filter((name) => !defined.has(name)).map(fromWorker)
  ].toSorted((a, b) => a.name < b.name ? -1 : 1)

const fromWorker = (name: string): JobType.JobType => ({
  name,
  source: "worker",
  version: null,
  queue: null,
  payload: null,
  retry: null,
  timeoutMillis: null
})

/** How many names the answer to an unknown one lists. */
const listedNames = 50

const unknownJob = (name: string, known: ReadonlyArray<string>): ApiError.UnknownJob => {
  const names = [...new Set(known)].toSorted()
  const listed = names.slice(0, listedNames).join(", ")
  return new ApiError.UnknownJob({
    error: {
      message: `No job is named ${name}. Known are: ${names.length > listedNames ? `${listed}, …` : listed}`,
      field: "name",
      hint: "GET /api/v1/job-types lists them. Start a worker that runs it, or name its module in MILLRACE_JOBS"
    }
  })
}

const toInvalidPayload = (name: string, issue: FieldIssue.FieldIssue | null): ApiError.InvalidPayload | null =>
  issue === null ? null : new ApiError.InvalidPayload({
    error: {
      message: `The payload of ${name} does not fit. ${issue.field}: ${issue.message}`,
      field: issue.field,
      hint: issue.hint ?? "GET /api/v1/job-types has the JSON Schema of the payload"
    }
  })
