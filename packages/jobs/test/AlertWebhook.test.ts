import { assert, describe, it } from "@effect/vitest"
import { Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { MemoryStorage } from "@millrace/storage"
import { Effect, Layer, Redacted, References, Result } from "effect"
import * as AlertTargets from "../src/AlertTargets.ts"
import * as AlertWebhook from "../src/AlertWebhook.ts"
import * as SystemJobs from "../src/SystemJobs.ts"
import * as WebhookSignature from "../src/WebhookSignature.ts"
import { receiver } from "./webhookFixture.ts"

const secrets = ["the newer secret", "the older secret"]

const message: typeof AlertWebhook.AlertMessage.Type = {
  type: "alert.firing",
  id: "7",
  rule: "depth",
  queue: "mail",
  name: "",
  value: 12,
  threshold: 10,
  since: "2026-01-01T00:00:00.000Z",
  resolvedAt: null,
  summary: "12 jobs are available in mail, more than 10"
}

const targets = (webhooks: ReadonlyArray<string>, mayBePrivate: boolean) =>
  AlertTargets.layer({ webhooks, mayBePrivate, secrets: secrets.map((secret) => Redacted.make(secret)) })

const deliver = (url: string, { among = [url], mayBePrivate = true } = {}) =>
  Effect.provide(AlertWebhook.run({ url, message }), targets(among, mayBePrivate))

describe("AlertWebhook", () => {
  it.live("delivers a message that its receiver can verify with either secret", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      assert.deepStrictEqual(yield* deliver(url), { status: 204 })
      const [call] = received
      assert.deepStrictEqual(JSON.parse(call?.body ?? "null"), message)
      assert.deepInclude(call, { path: "/hook" })
      assert.strictEqual(call?.headers["content-type"], "application/json")
      const headers = call?.headers as Record<string, string>
      for (const secret of secrets) {
        const options = { secrets: [secret], nowMillis: Date.now() }
        const verified = WebhookSignature.verify({ headers, body: call?.body ?? "" }, options)
        assert.isTrue(Result.isSuccess(verified))
      }
    }).pipe(Effect.scoped))

  it.live("F75: calls no private address unless it may, by number or by name, and none that the settings do not name", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      const byName = url.replace("127.0.0.1", "localhost")
      const mapped = url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
      for (const inner of [url, byName, mapped, "http://169.254.169.254/latest/meta-data"]) {
        const error = yield* Effect.flip(deliver(inner, { mayBePrivate: false }))
        assert.strictEqual(error._tag, "WebhookRefused")
        assert.include(error.detail, "not an address of the public internet")
      }
      for (const other of [url, "file:///etc/passwd", "http://169.254.169.254/"]) {
        const error = yield* Effect.flip(deliver(other, { among: ["https://example.com/hook"] }))
        assert.deepInclude(error, { _tag: "WebhookRefused", detail: "it is no http or https URL of the settings" })
      }
      const scheme = yield* Effect.flip(deliver("ftp://example.com/"))
      assert.strictEqual(scheme._tag, "WebhookRefused")
      assert.lengthOf(received, 0)
      assert.deepStrictEqual(yield* deliver(byName), { status: 204 })
    }).pipe(Effect.scoped))

  it.live("sends nothing that is not signed", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      const unsigned = AlertTargets.layer({ webhooks: [url], mayBePrivate: true })
      const error = yield* Effect.flip(Effect.provide(AlertWebhook.run({ url, message }), unsigned))
      assert.deepInclude(error, { _tag: "WebhookRefused", detail: "there is no secret to sign it with" })
      assert.lengthOf(received, 0)
    }).pipe(Effect.scoped))

  it.live("F75: follows no redirect, which could lead inside", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver(302)
      const error = yield* Effect.flip(deliver(url))
      assert.deepInclude(error, { _tag: "WebhookRefused", detail: "it answers 302, and redirects are not followed" })
      assert.lengthOf(received, 1)
    }).pipe(Effect.scoped))

  it.live("is tried again as the same message until it is taken", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver(500, 429, 200)
      const result = yield* AlertWebhook.AlertWebhook.execute({ url, message }, {
        retry: RetryPolicy.fixed("10 millis", { maxAttempts: 5 })
      }).pipe(Effect.provide(
        AlertWebhook.layer.pipe(
          Layer.provide(targets([url], true)),
          Layer.provideMerge([Queue.layer, Worker.layer({ queues: [SystemJobs.queue] })]),
          Layer.provide(MemoryStorage.layer),
          Layer.provide(Layer.succeed(References.MinimumLogLevel, "None"))
        )
      ))
      assert.deepStrictEqual(result, { status: 200 })
      assert.lengthOf(received, 3)
      assert.lengthOf(new Set(received.map(({ headers }) => headers["webhook-id"])), 1)
    }).pipe(Effect.scoped))

  it.live("says what went wrong when nobody listens", () =>
    Effect.gen(function*() {
      const { url } = yield* Effect.scoped(receiver())
      const error = yield* Effect.flip(deliver(url))
      assert.deepInclude(error, { _tag: "WebhookFailed", status: null })
    }))
})
