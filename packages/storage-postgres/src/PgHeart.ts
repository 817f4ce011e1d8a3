/**
 * A heart on PostgreSQL: renews the leases of this process's workers on a thread and a connection of its own, so that
 * neither a blocked event loop nor an exhausted pool loses them.
 *
 * Provide its layer to the worker, beside `PgStorage`. The thread starts with the first worker, ends with the layer, and
 * dies with the process. It connects as the `PgClient` of the program does.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type { HeartService, Keeping, KeepOptions } from "@millrace/storage/Heart"
import { Heart } from "@millrace/storage/Heart"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Worker as Thread } from "node:worker_threads"
import type { Answer, Begin, Cell, Connect, Keep, Order } from "./internal/heart.ts"
import * as Link from "./internal/heart.ts"
import * as PgSchema from "./PgSchema.ts"

/**
 * Options of a heart.
 *
 * **Details**
 *
 * - `schema`: the schema of the tables. Defaults to `millrace`
 * - `recycle`: kills the process (SIGKILL) when its event loop stood still for so long that its leases are left to end,
 *   for a supervisor to start it anew. Defaults to false
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PgHeartOptions {
  readonly schema?: string | undefined
  readonly recycle?: boolean | undefined
}

/**
 * Makes a heart, or answers null when the client has settings that no thread can have: a transport of its own, or
 * functions in its TLS options.
 *
 * **Details**
 *
 * It uses one connection beside the pool. A password that is an effect is asked for whenever the thread starts.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: PgHeartOptions = {}
): Effect.fn.Return<HeartService | null, never, PgClient.PgClient | Scope.Scope> {
  const { config } = yield* PgClient.PgClient
  const context = yield* Effect.context<never>()
  if (!isPortable(config)) {
    yield* Effect.logWarning(
      "workers renew their leases in the event loop: a thread can not connect as this client does"
    )
    return null
  }
  const sign = Link.makeCell()
  const begin = Effect.map(connectOf(config), (connect): Begin => ({
    connect,
    schemaName: options.schema ?? PgSchema.defaultName,
    sign,
    recycle: options.recycle ?? false
  }))
  const heart = new ThreadHeart(begin, sign, context)
  yield* Effect.addFinalizer(() => Effect.sync(() => heart.close()))
  return heart
})

/**
 * A heart on the tables of a schema.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: PgHeartOptions): Layer.Layer<never, never, PgClient.PgClient> =>
  Layer.effect(Heart, make(options))

/**
 * A heart on the tables of the schema `millrace`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never, never, PgClient.PgClient> = layerWith({})

const isPortable = ({ ssl, stream }: PgClient.PgClientConfig): boolean => {
  if (stream !== undefined) return false
  return typeof ssl !== "object" || Object.values(ssl).every((value) => typeof value !== "function")
}

const connectOf = (config: PgClient.PgClientConfig): Effect.Effect<Connect> =>
  Effect.map(passwordOf(config.password), (password): Connect => ({
    url: config.url === undefined ? undefined : Redacted.value(config.url),
    host: config.host,
    port: config.port,
    path: config.path,
    ssl: config.ssl,
    database: config.database,
    username: config.username,
    password: password === null ? undefined : Redacted.value(password),
    startupParameters: config.startupParameters,
    startupOptions: config.startupOptions,
    applicationName: `${config.applicationName ?? "millrace"} heart`
  }))

const passwordOf = (password: PgClient.PgClientConfig["password"]): Effect.Effect<Redacted.Redacted | null> =>
  Effect.isEffect(password) ? password : Effect.succeed(password ?? null)

interface Kept {
  readonly keep: Keep
  readonly heard: KeepOptions["heard"]
}

/** First pause before a thread that ended is started anew, in milliseconds; it doubles up to the longest. */
const restartMillis = 1_000
const restartMillisMax = 30_000

/** Pause between two lines about renewals that failed, in nanoseconds: 10 seconds. */
const quietNanos = 10_000_000_000n

/** The side of the event loop. */
class ThreadHeart implements HeartService {
  readonly #begin: Effect.Effect<Begin>
  readonly #sign: Cell
  readonly #context: Context.Context<never>
  readonly #kept = new Map<number, Kept>()
  #thread: Thread | null = null
  #state: "idle" | "starting" | "running" | "closed" = "idle"
  #keys = 0
  #failures = 0
  #quietUntilNanos = 0n

  constructor(begin: Effect.Effect<Begin>, sign: Cell, context: Context.Context<never>) {
    this.#begin = begin
    this.#sign = sign
    this.#context = context
    this.sign()
  }

  readonly sign = (): void => Link.write(this.#sign, Link.nowNanos())

  readonly keep = ({ everyMillis, heard, leaseMillis, standstillMillis, workerId }: KeepOptions): Keeping => {
    this.#keys += 1
    const keep = { key: this.#keys, workerId, leaseMillis, everyMillis, standstillMillis, sent: Link.makeCell() }
    this.#kept.set(keep.key, { keep, heard })
    this.#order({ _tag: "Keep", keep })
    if (this.#state === "idle") this.#start(0)
    return { sentMillis: () => Link.readMillis(keep.sent), stop: () => this.#stop(keep.key) }
  }

  close(): void {
    this.#state = "closed"
    this.#kept.clear()
    void this.#thread?.terminate()
  }

  #stop(key: number): void {
    if (this.#kept.delete(key)) this.#order({ _tag: "Stop", key })
  }

  #order(order: Order): void {
    this.#thread?.postMessage(order)
  }

  #start(afterMillis: number): void {
    this.#state = "starting"
    Effect.runForkWith(this.#context)(Effect.delay(this.#begin, afterMillis)).addObserver((exit) => {
      if (this.#state !== "starting") return
      if (exit._tag === "Success") this.#run(exit.value)
      else this.#restart("its password is not to be had")
    })
  }

  #run(begin: Begin): void {
    this.#state = "running"
    const file = `./internal/heartThread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`
    const thread = new Thread(new URL(file, import.meta.url), {
      name: "millrace-heart",
      workerData: begin,
      execArgv: [],
      env: {}
    })
    this.#thread = thread
    // A process does not live on for its heart.
    thread.unref()
    thread.on("message", (answer: Answer) => this.#hear(answer))
    thread.on("error", (error) => this.#lose(thread, String(error)))
    thread.on("exit", (code) => this.#lose(thread, `it ended with ${code}`))
    for (const { keep } of this.#kept.values()) this.#order({ _tag: "Keep", keep })
  }

  #hear(answer: Answer): void {
    if (answer._tag === "Failed") return this.#complain(answer.detail)
    this.#failures = 0
    this.#kept.get(answer.key)?.heard(answer.result, answer.sentMillis)
    if (answer.result._tag === "Lost") this.#kept.delete(answer.key)
  }

  /** Failures come several times a second: few of them are told. */
  #complain(detail: string): void {
    const nowNanos = Link.nowNanos()
    if (nowNanos < this.#quietUntilNanos) return
    this.#quietUntilNanos = nowNanos + quietNanos
    this.#say(Effect.logWarning("the heart could not renew a lease and tries again", detail))
  }

  #lose(thread: Thread, detail: string): void {
    if (this.#thread !== thread || this.#state !== "running") return
    this.#thread = null
    this.#restart(detail)
  }

  #restart(detail: string): void {
    const pauseMillis = Math.min(restartMillisMax, restartMillis * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
    this.#say(
      Effect.logError(
        `the thread that renews leases is gone and is started again in ${pauseMillis} ms; workers renew themselves: ${detail}`
      )
    )
    this.#start(pauseMillis)
  }

  #say(line: Effect.Effect<void>): void {
    Effect.runForkWith(this.#context)(line)
  }
}
