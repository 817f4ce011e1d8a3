import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import { HttpServerResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as AccessLog from "../src/AccessLog.ts"

const lines = Effect.fnUntraced(function*(route: string | null) {
  const found: Array<object> = []
  const logger = Logger.make(({ fiber, logLevel, message }) =>
    found.push({ level: logLevel, message: String(message), ...fiber.getRef(References.CurrentLogAnnotations) })
  )
  const answer = Effect.as(TestClock.adjust("12 millis"), HttpServerResponse.empty({ status: 204 }))
  yield* AccessLog.logged(answer, { method: "DELETE", route }).pipe(
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(References.MinimumLogLevel, "Debug")
  )
  return found
})

describe("AccessLog", () => {
  it.effect("writes method, route, status and milliseconds", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines("/api/v1/jobs/:id"), [{
        level: "Info",
        message: "DELETE /api/v1/jobs/:id 204",
        method: "DELETE",
        route: "/api/v1/jobs/:id",
        status: 204,
        ms: 12
      }])
    }))

  it.effect("writes no path that no route has: it may be anything", () =>
    Effect.gen(function*() {
      const [line] = yield* lines(null)
      assert.deepInclude(line, { message: "DELETE unknown path 204", route: "none" })
    }))

  it.effect("is quiet about probes", () =>
    Effect.gen(function*() {
      assert.deepInclude((yield* lines("/health"))[0], { level: "Debug" })
    }))
})
