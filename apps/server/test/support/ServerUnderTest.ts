/**
 * A whole server on a port of its own and a storage in memory, and the ways to talk to it.
 */
import { Job, Queue } from "@millrace/queue"
import {
  MemorySampleStorage,
  MemoryScheduleStorage,
  MemoryServiceStorage,
  MemoryStorage,
  Storage
} from "@millrace/storage"
import { Context, Effect, Layer, Logger, Schema } from "effect"
import { HttpServer } from "effect/http"
import * as Server from "../../src/Server.ts"
import * as ServerConfig from "../../src/ServerConfig.ts"

/** Takes every field that a test needs: a required one, a checked one, an optional one. */
export const SendWelcome = Job.make("SendWelcome", {
  payload: {
    userId: Schema.String,
    count: Schema.optionalKey(Schema.Int),
    address: Schema.optionalKey(Schema.Struct({ city: Schema.String }))
  },
  queue: "mail",
  tags: ["welcome"]
})

/** A job whose payload may be any JSON. */
export const Echo = Job.make("Echo", { payload: Schema.Json })

/** Where a test's server is. */
export class ServerUnderTest extends Context.Service<ServerUnderTest, {
  readonly baseUrl: string
  readonly port: number
}>()("@millrace/server/test/ServerUnderTest") {}

/** A server with the settings of a test, on whatever storage of jobs is there. The others are in memory. */
export const layerOnStorage = (config: Partial<ServerConfig.ServerConfig> = {}) =>
  layerOnStorages(config).pipe(Layer.provideMerge([MemoryServiceStorage.layer, MemoryScheduleStorage.layer]))

/** A server with the settings of a test, on whatever storages are there, with samples in memory. */
export const layerOnStorages = (config: Partial<ServerConfig.ServerConfig> = {}) =>
  Layer.effect(
    ServerUnderTest,
    Effect.map(HttpServer.HttpServer, ({ address }) => {
      const port = address._tag === "UnixPathAddress" ? 0 : address.port
      return { baseUrl: `http://127.0.0.1:${port}`, port }
    })
  ).pipe(
    Layer.provide(Server.layer({
      config: { ...ServerConfig.defaults, port: 0, ...config },
      jobs: { builtIn: [SendWelcome], module: [Echo] }
    })),
    Layer.provideMerge([Queue.layer, MemorySampleStorage.layer]),
    Layer.provide(Logger.layer([]))
  )

/** A server on a storage in memory. */
export const layer = (config: Partial<ServerConfig.ServerConfig> = {}) =>
  layerOnStorage(config).pipe(Layer.provideMerge(MemoryStorage.layer))

/** A server on a storage in memory, some methods of which a test replaces. */
export const layerWithStorage = (
  replace: (storage: Storage.Storage["Service"]) => Partial<Storage.Storage["Service"]>,
  config: Partial<ServerConfig.ServerConfig> = {}
) =>
  layerOnStorage(config).pipe(
    Layer.provideMerge(
      Layer.effect(
        Storage.Storage,
        Effect.map(MemoryStorage.make(), (storage) => ({ ...storage, ...replace(storage) }))
      )
    )
  )

/** An answer: status, headers, and the body as text and as JSON. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}

/** Sends one request and reads the whole answer. */
export const send = Effect.fnUntraced(function*(method: string, path: string, init: Omit<RequestInit, "method"> = {}) {
  const { baseUrl } = yield* ServerUnderTest
  return yield* Effect.promise(async (signal): Promise<Answer> => {
    const response = await fetch(`${baseUrl}${path}`, { ...init, method, signal })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parse(text) }
  })
})

/** Sends a JSON body. */
export const sendJson = (method: string, path: string, body: unknown) =>
  send(method, path, {
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body)
  })

export const get = (path: string) => send("GET", path)
export const post = (path: string, body: unknown) => sendJson("POST", path, body)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error of an answer; fails the test when it is no envelope, or carries more than it may. */
export const errorOf = (
  answer: Pick<Answer, "text">
): Record<"tag" | "message" | "field" | "jobId" | "hint", string> => {
  const body = JSON.parse(answer.text) as { readonly error: Record<string, string> }
  const { error } = body
  const known = new Set(["tag", "message", "field", "jobId", "hint"])
  const isEnvelope = Object.keys(body).length === 1 && typeof error["tag"] === "string" &&
    typeof error["message"] === "string" && error["message"].length > 0 &&
    Object.entries(error).every(([key, value]) => known.has(key) && typeof value === "string")
  if (!isEnvelope || /\n\s+at |node_modules/.test(answer.text)) throw new Error(`no envelope: ${answer.text}`)
  return error
}
