import { assert, describe, layer } from "@effect/vitest"
import { Job, Queue, Worker } from "@millrace/queue"
import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect, Layer, Schedule, Schema } from "effect"
import { OpenAPIClientAxios } from "openapi-client-axios"
import * as Fuzz from "./support/Fuzz.ts"
import * as Keys from "./support/Keys.ts"
import * as T from "./support/ServerUnderTest.ts"

/** 100,000 take some minutes: `MILLRACE_FUZZ=100000`. */
const count = Number(process.env["MILLRACE_FUZZ"] ?? 500)

const seed = Number(process.env["MILLRACE_FUZZ_SEED"] ?? 7)

const limitless = {
  authentication: "keys",
  requestsPerSecond: 1_000_000,
  requestBurst: 1_000_000,
  failuresPerMinute: 60_000_000
} as const

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** Sends a request. An event stream is not read: it has no end. */
const ask = Effect.fnUntraced(function*(request: Fuzz.FuzzRequest, key: string | null) {
  const { baseUrl } = yield* T.ServerUnderTest
  return yield* Effect.promise(async (): Promise<Answer> => {
    const response = await fetch(`${baseUrl}${request.path}`, {
      method: request.operation.method,
      headers: { ...request.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      ...(request.body === undefined ? {} : { body: request.body })
    })
    const type = response.headers.get("content-type") ?? ""
    if (type.startsWith("text/event-stream")) {
      await response.body?.cancel()
      return { status: response.status, type, text: "" }
    }
    return { status: response.status, type, text: await response.text() }
  })
})

const documentOf = Effect.map(T.get("/openapi.json"), ({ json }) => json as Fuzz.Document)

const escape = (segment: string): string => encodeURIComponent(segment.replaceAll("~", "~0").replaceAll("/", "~1"))

/** A part of a path that is longer than any name is not read as a parameter: no path of the document fits. */
const isBeyond = (path: string): boolean => (path.split("?")[0] ?? "").split("/").some((part) => part.length > 1000)

/** Says what is wrong with an answer, by the document alone; null when nothing is. */
const makeJudge = (document: Fuzz.Document) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: "api", ...document })
  return ({ operation, path }: Fuzz.FuzzRequest, { status, text, type }: Answer): string | null => {
    if (status >= 500) return `${status}`
    if (isBeyond(path) && text.includes(`"tag":"RouteNotFound"`)) return null
    const responses = document.paths[operation.path]?.[operation.method.toLowerCase()]?.["responses"] as Record<
      string,
      { readonly content?: object }
    >
    const declared = responses[String(status)]
    if (declared === undefined) return `${status} is not in the document`
    if (declared.content === undefined) return text === "" ? null : "a body where the document has none"
    const media = type.split(";")[0] ?? ""
    if (!(media in declared.content)) return `${media} is not in the document`
    if (media !== "application/json") return null
    const at = [
      "paths",
      operation.path,
      operation.method.toLowerCase(),
      "responses",
      String(status),
      "content",
      media,
      "schema"
    ]
    const validate = ajv.getSchema(`api#/${at.map(escape).join("/")}`)
    if (validate === undefined) return `no schema at ${at.join("/")}`
    return validate(JSON.parse(text)) === true ? null : ajv.errorsText(validate.errors)
  }
}

const credentials = Effect.gen(function*() {
  const made = yield* Effect.all([
    Keys.create(["admin"]),
    Keys.create(["admin"]),
    Keys.create(["enqueue"]),
    Keys.create(["read"]),
    Keys.create(["operate", "enqueue"], { tenant: "acme" }),
    Keys.create(["operate", "enqueue"], { queues: ["mail*", "a"] })
  ])
  return [null, "", "nonsense", `mr_0.${"x".repeat(43)}`, ...made.map(({ text }) => text)]
})

const Greet = Job.make("Echo", { payload: Schema.Json, success: Schema.String })

const greeter = Greet.toLayer((payload) => Effect.succeed(`hello ${JSON.stringify(payload)}`)).pipe(
  Layer.provide([Queue.layer, Worker.layer({ pollInterval: "20 millis" })])
)

describe("the OpenAPI document", () => {
  layer(T.layer(limitless), { excludeTestServices: true, timeout: 3_600_000 })("of a server", (it) => {
    it.effect("is valid, says an independent validator", () =>
      Effect.gen(function*() {
        const document = yield* documentOf
        const { errors, valid } = yield* Effect.promise(() =>
          new Validator().validate({ ...structuredClone(document) })
        )
        assert.isTrue(valid, JSON.stringify(errors))
      }))

    it.effect(`F69: tells all answers to ${count} generated requests, none of them 5xx`, () =>
      Effect.gen(function*() {
        const document = yield* documentOf
        const judge = makeJudge(document)
        const next = Fuzz.make(document, seed)
        const chance = Fuzz.random(seed + 1)
        const keys = yield* credentials
        const statuses = new Map<number, number>()
        const one = Effect.gen(function*() {
          const request = next()
          const key = keys[Math.floor(chance() * keys.length)] ?? null
          const answer = yield* ask(request, key)
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          const flaw = judge(request, answer)
          if (flaw === null) return
          const told = [flaw, request.operation.method, request.path.slice(0, 300), request.body?.slice(0, 500)]
          assert.fail(`seed ${seed}: ${told.join(" ")} -> ${answer.status} ${answer.text.slice(0, 500)}`)
        })
        yield* Effect.all(Array.from({ length: count }, () => one), { concurrency: 16, discard: true })
        // The generator reaches all sorts of ends, or the run would prove nothing.
        assert.includeMembers([...statuses.keys()], [200, 201, 400, 401, 403, 404, 415, 422])
      }), 3_600_000)
  })

  layer(T.layer(limitless), { excludeTestServices: true })("of a server with a worker", (it) => {
    it.effect(
      "is enough for a client made by a public generator to enqueue a job and follow it to its end",
      () =>
        Effect.gen(function*() {
          yield* Layer.build(greeter)
          const { baseUrl } = yield* T.ServerUnderTest
          const { text } = yield* Keys.create(["enqueue", "read"])
          const client = yield* Effect.promise(async () => {
            const definition = await (await fetch(`${baseUrl}/openapi.json`)).json() as never
            const axiosConfigDefaults = { baseURL: baseUrl, headers: { authorization: `Bearer ${text}` } }
            return new OpenAPIClientAxios({ definition, axiosConfigDefaults }).init()
          })
          const call = (operation: string, ...args: ReadonlyArray<unknown>) =>
            Effect.promise(() =>
              (client as unknown as Record<
                string,
                (...args: ReadonlyArray<unknown>) => Promise<{ readonly data: unknown }>
              >)[
                operation
              ]?.(...args) ?? Promise.reject(new Error(`no ${operation}`))
            )
          const created = yield* call("jobs.create", {}, { name: "Echo", payload: "ada" })
          const { id } = created.data as { readonly id: string }
          const ended = yield* call("jobs.get", { id }).pipe(
            Effect.flatMap(({ data }) => {
              const job = data as { readonly state: string; readonly result: unknown }
              return job.state === "completed" ? Effect.succeed(job) : Effect.fail(job.state)
            }),
            Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 200 })
          )
          assert.strictEqual(ended.result, `hello "ada"`)
        }),
      60_000
    )
  })
})
