/**
 * The command line against a real server, as a user at a terminal would have it: arguments in, text and exit code out.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Job, Queue, Worker } from "@millrace/queue"
import * as Server from "@millrace/server/src/Server.ts"
import * as ServerConfig from "@millrace/server/src/ServerConfig.ts"
import { MemorySampleStorage, MemoryScheduleStorage, MemoryServiceStorage, MemoryStorage } from "@millrace/storage"
import { ConfigProvider, Console, Context, Effect, Layer, Logger, Schema } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import * as Database from "../../src/Database.ts"
import * as Millrace from "../../src/Millrace.ts"
import * as Progress from "../../src/Progress.ts"

/** Completes with what it was given. */
const Echo = Job.make("Echo", { payload: Schema.Json, success: Schema.Json })

class Refused extends Schema.TaggedError<Refused>()("Refused", { detail: Schema.String }) {
  override get message(): string {
    return this.detail
  }
}

/** Dies at once. */
const Doomed = Job.make("Doomed", { payload: {}, error: Refused, maxAttempts: 1 })

/** Where a test's server is. */
export class Served extends Context.Service<Served, { readonly url: string }>()("@millrace/cli/test/Served") {}

const storages = Layer.mergeAll(MemoryServiceStorage.layer, MemoryScheduleStorage.layer, MemorySampleStorage.layer)
  .pipe(
    Layer.provideMerge(MemoryStorage.layer)
  )

const served = Layer.effect(
  Served,
  Effect.map(HttpServer.HttpServer, ({ address }) => {
    const port = address._tag === "UnixPathAddress" ? 0 : address.port
    return { url: `http://127.0.0.1:${port}` }
  })
).pipe(
  Layer.provide(Server.layer({
    config: { ...ServerConfig.defaults, port: 0 },
    jobs: { builtIn: [], module: [Echo, Doomed] }
  }))
)

/** A server of a test's own, without a worker. */
export const server = () =>
  served.pipe(Layer.provideMerge(Queue.layer), Layer.provideMerge(storages), Layer.provide(Logger.layer([])))

const handlers = Layer.mergeAll(
  Echo.toLayer((payload) => Effect.as(Effect.logInfo("echoing"), payload)),
  Doomed.toLayer(() => Effect.fail(new Refused({ detail: "never" })))
)

/** A server of a test's own, and a worker that serves its jobs. */
export const serverAndWorker = () =>
  Layer.merge(served, handlers).pipe(
    Layer.provideMerge(Layer.mergeAll(Queue.layer, Worker.layer({ pollInterval: "50 millis" }))),
    Layer.provideMerge(storages),
    Layer.provide(Logger.layer([]))
  )

/** How a run ended. */
export interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
  /** The output as JSON. */
  readonly json: unknown
}

/** Nobody asks for a database: the tests of those commands bring one. */
const noDatabase: Layer.Layer<Database.Database> = Layer.succeed(Database.Database, {
  open: () => Effect.die(new Error("there is no database in this test"))
})

/** Runs the command line with exactly these arguments and variables. */
export const runWith = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>,
  variables: { readonly [name: string]: string } = {},
  database: Layer.Layer<Database.Database> = noDatabase
) {
  const output: Array<string> = []
  const errors: Array<string> = []
  const console: Console.Console = {
    ...globalThis.console,
    log: (...parts: ReadonlyArray<unknown>) => void output.push(parts.join(" ")),
    error: (...parts: ReadonlyArray<unknown>) => void errors.push(parts.join(" "))
  }
  const code = yield* Millrace.run(args).pipe(
    Effect.provideService(Console.Console, console),
    Effect.provide([
      database,
      Progress.layerNone,
      FetchHttpClient.layer,
      NodeServices.layer,
      ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables })),
      Logger.layer([])
    ])
  )
  return { code, output: output.join("\n"), errors: errors.join("\n"), json: parse(output.join("\n")) } satisfies Ended
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Runs the command line on the test's server. */
export const run = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(Served, ({ url }) => runWith(args, { MILLRACE_URL: url }))

/** Runs it with `--json`, expects it to be done, and answers what it wrote. */
export const ask = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(
    run(...args, "--json"),
    (ended) =>
      ended.code === 0 ? Effect.succeed(ended.json) : Effect.die(new Error(`exit code ${ended.code}: ${ended.errors}`))
  )

/** Enqueues a job and answers its id. */
export const enqueue = (...args: ReadonlyArray<string>) =>
  Effect.map(ask("enqueue", ...args), (created) => (created as { readonly id: string }).id)
