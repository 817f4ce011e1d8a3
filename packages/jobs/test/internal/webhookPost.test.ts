import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as WebhookPost from "../../src/internal/webhookPost.ts"
import { receiver } from "../webhookFixture.ts"

const post = (url: string, mayBePrivate: boolean) =>
  WebhookPost.send({ url: new URL(url), headers: { "x-test": "1" }, body: "grüße", mayBePrivate })

describe("webhookPost", () => {
  it.live("sends headers and body, and answers the status", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver(418)
      assert.strictEqual(yield* post(url, true), 418)
      assert.deepInclude(received[0], { body: "grüße", path: "/hook" })
      assert.deepInclude(received[0]?.headers, { "x-test": "1", "content-length": "7" })
    }).pipe(Effect.scoped))

  it.live("F75: looks at the addresses that a name has when it connects", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      const error = yield* Effect.flip(post(url.replace("127.0.0.1", "localhost"), false))
      assert.isTrue(error.isRefused)
      assert.lengthOf(received, 0)
    }).pipe(Effect.scoped))
})
