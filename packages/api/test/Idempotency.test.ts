import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { OpenApi } from "effect/http-api"
import { Api } from "../src/Api.ts"
import * as Idempotency from "../src/Idempotency.ts"

/** A client that answers with the key that it was asked to send. */
const echo = Idempotency.client(
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(request.headers[Idempotency.header] ?? "none")))
  )
)

const sent = Effect.flatMap(echo.post("http://localhost/jobs"), ({ text }) => text)

describe("Idempotency", () => {
  it("takes printable ASCII of 1 to 255 characters for a key", () => {
    for (const key of ["a", "order-42", "a b", "x".repeat(255)]) assert.isTrue(Idempotency.isKey(key), key)
    for (const key of ["", " a", "a ", "ü", "a\tb", "a\n", "x".repeat(256)]) assert.isFalse(Idempotency.isKey(key), key)
  })

  it.effect("sends the key of withKey, and none outside of it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* sent.pipe(Idempotency.withKey("k1")), "k1")
      assert.strictEqual(yield* sent, "none")
    }))

  it("is a header of every operation that creates, with its refusal, and of no other", () => {
    const { paths } = OpenApi.fromApi(Api)
    const found = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { readonly parameters: ReadonlyArray<{ readonly name: string }> }>)
        .filter(([, { parameters }]) => parameters.some(({ name }) => name === "Idempotency-Key"))
        .map(([method]) => `${method} ${path}`)
    )
    assert.sameMembers(found, ["post /api/v1/jobs", "post /api/v1/jobs/batch", "post /api/v1/schedules"])
    assert.include(
      JSON.stringify(paths["/api/v1/jobs"]?.post?.responses["422"]),
      "#/components/schemas/IdempotencyKeyReused"
    )
  })
})
