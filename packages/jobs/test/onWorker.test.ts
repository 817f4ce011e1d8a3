import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Queue from "@millrace/queue/Queue"
import * as Worker from "@millrace/queue/Worker"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import { ConfigProvider, Effect, FileSystem, Layer, References } from "effect"
import PostalMime from "postal-mime"
import * as BuiltinJobs from "../src/BuiltinJobs.ts"
import { DataProcessing } from "../src/DataProcessing.ts"
import { EmailNotification } from "../src/EmailNotification.ts"
import * as ProductCsv from "./ProductCsv.ts"
import { smtpServer } from "./smtpFixture.ts"

// A worker with the built-in jobs on a storage in memory, set up by these variables.
const withWorker =
  (env: { readonly [variable: string]: string }) =>
  <A, E>(effect: Effect.Effect<A, E, Queue.Queue | FileSystem.FileSystem>) =>
    Effect.provide(
      effect,
      BuiltinJobs.layer.pipe(
        Layer.provideMerge([Queue.layer, Worker.layer()]),
        Layer.provide(MemoryStorage.layer),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
        Layer.provide(Layer.succeed(References.MinimumLogLevel, "None"))
      )
    )

const mail = { to: "ada@example.com", template: "welcome", data: { name: "Ada" } } as const

layer(NodeServices.layer, { excludeTestServices: true })("the built-in jobs on a worker", (it) => {
  it.effect("deliver a mail to an SMTP server", () =>
    Effect.gen(function*() {
      const server = yield* smtpServer()
      const result = yield* EmailNotification.execute(mail).pipe(
        withWorker({ MILLRACE_SMTP_URL: `smtp://127.0.0.1:${server.port}` })
      )
      assert.strictEqual(result.delivery, "smtp")
      assert.strictEqual(server.received.length, 1)
      const parsed = yield* Effect.promise(() => PostalMime.parse(server.received[0]?.source ?? ""))
      assert.strictEqual(parsed.subject, "Welcome, Ada")
      assert.strictEqual(parsed.messageId, result.messageId)
    }))

  it.effect("try a mail again that the server does not take yet, as the same message", () =>
    Effect.gen(function*() {
      const server = yield* smtpServer({ onRecipient: { responseCode: 451, message: "come back later" }, refusals: 2 })
      const result = yield* EmailNotification.execute(mail, {
        retry: RetryPolicy.fixed("10 millis", { maxAttempts: 5 })
      }).pipe(withWorker({ MILLRACE_SMTP_URL: `smtp://127.0.0.1:${server.port}` }))
      assert.strictEqual(server.received.length, 1)
      assert.include(server.received[0]?.source, result.messageId)
      assert.strictEqual(server.refused(), 2)
    }))

  it.effect("give a mail up whose recipient the server refuses", () =>
    Effect.gen(function*() {
      const server = yield* smtpServer({ onRecipient: { responseCode: 550, message: "no such user" } })
      const error = yield* EmailNotification.execute(mail).pipe(
        withWorker({ MILLRACE_SMTP_URL: `smtp://127.0.0.1:${server.port}` }),
        Effect.flip
      )
      assert.strictEqual(error._tag, "InvalidRecipient")
      assert.strictEqual(server.refused(), 1)
    }))

  it.effect("import a product list and leave its progress behind", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      const options = { rows: 2000, seed: 3 }
      yield* Effect.promise(() => ProductCsv.write(`${root}/products.csv`, options))
      const { job, result } = yield* Effect.gen(function*() {
        const queue = yield* Queue.Queue
        const result = yield* DataProcessing.execute({ batchId: "b", operation: "import", source: "products.csv" })
        const { items: [job] } = yield* queue.list({})
        return { job, result }
      }).pipe(withWorker({ MILLRACE_DATA_DIR: root, MILLRACE_INPUT_DIR: root }))
      assert.deepStrictEqual(result.errors.map(({ row }) => row), ProductCsv.planted(options).map(({ row }) => row))
      assert.deepStrictEqual(job?.progress, { value: 1, note: "2000 rows read, 20 failed" })
      assert.deepStrictEqual(
        (yield* fs.readDirectory(`${root}/output`)).toSorted(),
        [`b-${job?.id}.errors.jsonl`, `b-${job?.id}.jsonl`]
      )
    }))
})
