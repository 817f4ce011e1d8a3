import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Readiness from "../src/Readiness.ts"

const recorder = () => {
  const lines: Array<string> = []
  return { lines, output: { text: () => undefined, line: (_: string, text: string) => void lines.push(text) } }
}

/** A server that answers every request with a status. */
const server = (status: number) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const http = createServer((_, response) => response.writeHead(status).end("{}"))
      http.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({
          url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/ready`,
          close: () => void http.close()
        })))
    }),
    ({ close }) => Effect.sync(close)
  )

describe("Readiness", () => {
  it.effect("looks until something is ready, through failures", () =>
    Effect.gen(function*() {
      const { lines, output } = recorder()
      let looks = 0
      const look = Effect.suspend(() => ++looks < 3 ? Effect.fail("not yet") : Effect.succeed(looks === 4))
      const fiber = yield* Effect.forkChild(Readiness.wait("server", look, output))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(looks, 4)
      assert.deepStrictEqual(lines, [])
    }))

  it.effect("says what it waits for, and gives up after minutes", () =>
    Effect.gen(function*() {
      const { lines, output } = recorder()
      const fiber = yield* Effect.forkChild(Effect.flip(Readiness.wait("worker", Effect.succeed(false), output)))
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual(lines, ["waiting for the worker …", "waiting for the worker …"])
      yield* TestClock.adjust("3 minutes")
      assert.include((yield* Fiber.join(fiber)).message, "The worker was not ready after 3m")
    }))

  it.live("takes 200, and nothing else, for an answer", () =>
    Effect.gen(function*() {
      const ready = yield* server(200)
      const busy = yield* server(503)
      assert.isTrue(yield* Readiness.answers(ready.url))
      assert.isFalse(yield* Readiness.answers(busy.url))
      assert.isFalse(yield* Readiness.answers("http://127.0.0.1:1/ready"))
    }))
})
