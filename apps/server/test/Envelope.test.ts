import { assert, describe, layer } from "@effect/vitest"
import { Api, ApiError } from "@millrace/api"
import { Effect } from "effect"
import { OpenApi } from "effect/http-api"
import * as T from "./support/ServerUnderTest.ts"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"]

const contract = OpenApi.fromApi(Api.Api).paths

/** Every path of the server with the methods that it has. */
const routes: ReadonlyArray<{ readonly path: string; readonly methods: ReadonlyArray<string> }> = [
  ...Object.entries(contract).map(([path, item]) => ({
    path,
    methods: Object.keys(item).map((each) => each.toUpperCase())
  })),
  { path: "/openapi.json", methods: ["GET"] },
  { path: "/docs", methods: ["GET"] }
]

/** `GET /api/v1/jobs/batch` asks for the job with the id "batch", and so on: no mistake of the method. */
const readsAsId = (path: string, method: string) =>
  (path === "/api/v1/jobs/batch" && ["GET", "DELETE", "PATCH"].includes(method)) ||
  (path === "/api/v1/schedules/preview" && ["GET", "DELETE", "PATCH"].includes(method))

/** Takes nothing that could be wrong, and its answer never ends: EventsHandlers.test.ts has it. */
const isEndless = (path: string) => path === "/api/v1/events"

const bodies = [undefined, "", "{", "null", "[]", "{}", `{"a":"\\u0000"}`, "[".repeat(2000) + "]".repeat(2000)]

const ids = [
  "0",
  "-1",
  "abc",
  "1.5",
  "9223372036854775808",
  "%00",
  "%F0%9F%98%80",
  "..%2f..%2fetc",
  "'%3B--",
  "a".repeat(90)
]

/** Every wrong id with every wrong body, where the route has them. */
const malformed = (method: string, path: string) =>
  (path.includes("{id}") ? ids : [""]).flatMap((id) =>
    (method === "GET" ? [undefined] : bodies).map((body) => [id, body] as const)
  )

describe("the error envelope", () => {
  layer(T.layer(), { excludeTestServices: true })("on every route", (it) => {
    for (const { methods: own, path } of routes) {
      it.effect(`answers every other method of ${path} with 405 and Allow`, () =>
        Effect.gen(function*() {
          for (const method of methods.filter((each) => !own.includes(each) && !readsAsId(path, each))) {
            const answer = yield* T.send(method, path.replace("{id}", "7"))
            assert.strictEqual(answer.status, 405, method)
            assert.strictEqual(T.errorOf(answer).tag, "MethodNotAllowed")
            assert.includeMembers(answer.headers.get("allow")?.split(", ") ?? [], [...own, "OPTIONS"])
          }
        }))

      it.effect(`answers OPTIONS of ${path} with its methods`, () =>
        Effect.gen(function*() {
          const answer = yield* T.send("OPTIONS", path.replace("{id}", "7"))
          assert.deepStrictEqual([answer.status, answer.text], [204, ""])
          assert.includeMembers(answer.headers.get("allow")?.split(", ") ?? [], [...own])
        }))

      for (const method of isEndless(path) ? [] : own) {
        it.effect(`answers malformed ${method} ${path} with a documented error`, () =>
          Effect.gen(function*() {
            const operation = contract[path]?.[method.toLowerCase() as "get"]
            const documented = Object.keys(operation?.responses ?? { 200: "", 404: "" }).map(Number)
            for (const [id, body] of malformed(method, path)) {
              const headers = { "content-type": "application/json" }
              const init = body === undefined ? {} : { body, headers }
              const answer = yield* T.send(method, path.replace("{id}", id), init)
              assert.isBelow(answer.status, 500, `${id} ${body}`)
              if (answer.status < 400) continue
              const { tag } = T.errorOf(answer)
              assert.strictEqual(ApiError.statuses[tag as ApiError.Tag], answer.status)
              if (tag !== "RouteNotFound") assert.include(documented, answer.status, tag)
            }
          }))
      }
    }

    it.effect("answers unknown paths with 404, whatever the method", () =>
      Effect.gen(function*() {
        const paths = [
          "/",
          "/api",
          "/api/v1",
          "/api/v2/jobs",
          "/api/v1/jobs/1/2/3",
          "/favicon.ico",
          "/.git/config",
          "/api/v1/jobs/a/b",
          "//evil"
        ]
        for (const path of paths) {
          for (const method of methods) {
            const answer = yield* T.send(method, path)
            assert.strictEqual(answer.status, 404, `${method} ${path}`)
            assert.strictEqual(T.errorOf(answer).tag, "RouteNotFound")
          }
        }
      }))

    it.effect("answers HEAD as GET, without a body, errors included", () =>
      Effect.gen(function*() {
        for (
          const [path, status] of [["/health", 200], ["/api/v1/jobs", 200], ["/api/v1/jobs/7", 404], [
            "/nope",
            404
          ]] as const
        ) {
          const answer = yield* T.send("HEAD", path)
          assert.deepStrictEqual([answer.status, answer.text], [status, ""])
        }
      }))

    it.effect("keeps browsers from doing anything with an answer", () =>
      Effect.gen(function*() {
        for (const path of ["/health", "/nope", "/api/v1/jobs", "/openapi.json"]) {
          const { headers } = yield* T.get(path)
          assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
          assert.include(headers.get("content-security-policy"), "default-src 'none'")
          assert.strictEqual(headers.get("cache-control"), "no-store")
          assert.isNull(headers.get("x-powered-by"))
        }
      }))
  })
})
