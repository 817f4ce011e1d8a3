import { assert, describe, it } from "@effect/vitest"
import { ApiError } from "@millrace/api"
import { Cause, Effect, Logger, Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import * as ErrorEnvelope from "../src/ErrorEnvelope.ts"

const schemaError = (kind: "Payload" | "Body") => {
  const decoded = Schema.decodeUnknownResult(Schema.Struct({ a: Schema.String }))({ a: 1 })
  if (decoded._tag === "Success") throw new Error("expected a failure")
  return new HttpApiError.HttpApiSchemaError({ kind, cause: decoded.failure })
}

describe("ErrorEnvelope", () => {
  it.effect("keeps an error of the API as it is", () =>
    Effect.gen(function*() {
      const error = new ApiError.TooManyRequests({ error: { message: "m" } })
      assert.strictEqual(yield* ErrorEnvelope.fromCause(Cause.fail(error)), error)
      assert.strictEqual(yield* ErrorEnvelope.fromCause(Cause.die(error)), error)
    }))

  it.effect("blames the caller for a request that does not fit, itself for an answer that does not", () =>
    Effect.gen(function*() {
      const request = yield* ErrorEnvelope.fromCause(Cause.fail(schemaError("Payload")))
      assert.deepInclude(request.error, { tag: "InvalidRequest", field: "a" })
      const answer = yield* ErrorEnvelope.fromCause(Cause.fail(schemaError("Body")))
      assert.strictEqual(answer.error.tag, "InternalError")
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("says nothing of what it did not expect, but logs it", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.make(({ cause }) => logged.push(Cause.pretty(cause)))
      const answer = yield* ErrorEnvelope.fromCause(Cause.die(new Error("password=hunter2"))).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      assert.strictEqual(answer.error.tag, "InternalError")
      assert.notInclude(ErrorEnvelope.toText(answer), "hunter2")
      assert.include(logged.join(), "hunter2")
    }))

  it.effect("answers a request that the stop interrupted with Unavailable", () =>
    Effect.gen(function*() {
      const answer = yield* ErrorEnvelope.fromCause(Cause.interrupt(1))
      assert.strictEqual(answer.error.tag, "Unavailable")
    }))

  it("asks for patience with 429 and 503 only", () => {
    const retryAfter = (error: ApiError.ApiError) =>
      ErrorEnvelope.withRetryAfter(ErrorEnvelope.toResponse(error)).headers["retry-after"]
    assert.strictEqual(retryAfter(ErrorEnvelope.stopping()), "2")
    assert.strictEqual(retryAfter(new ApiError.TooManyRequests({ error: { message: "m" } })), "2")
    assert.isUndefined(retryAfter(new ApiError.InvalidRequest({ error: { message: "m" } })))
  })
})
