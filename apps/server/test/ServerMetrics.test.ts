import { assert, describe, it, layer } from "@effect/vitest"
import { Queue } from "@millrace/queue"
import { Effect } from "effect"
import * as ServerMetrics from "../src/ServerMetrics.ts"
import * as Keys from "./support/Keys.ts"
import * as T from "./support/ServerUnderTest.ts"

/** Every line is a comment or a name, labels and a number: what a scraper reads. */
const line =
  /^(#\s(HELP|TYPE)\s.+|[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\["\\n])*",?)*\})?\s[-+0-9.eInf]+)$/

const assertReadable = (text: string): void => {
  assert.isTrue(text.endsWith("\n"))
  for (const each of text.trimEnd().split("\n")) assert.match(each, line)
}

describe("ServerMetrics", () => {
  it.effect("says that the storage is away, and tells the rest all the same", () =>
    Effect.gen(function*() {
      yield* ServerMetrics.count({ method: "GET", route: "/health" }, 200, 12)
      const text = yield* ServerMetrics.text(Effect.fail("away"))
      assertReadable(text)
      assert.include(text, "millrace_storage_up 0")
      assert.notInclude(text, "millrace_queue_jobs{")
      assert.match(text, /millrace_http_requests\{method="GET",route="\/health",status="200"\} \d/)
      assert.include(text, "millrace_http_request_seconds_bucket")
    }))

  layer(T.layer({ authentication: "keys" }), { excludeTestServices: true })("at /metrics", (it) => {
    it.effect("tells jobs by queue and state to who may read, whatever a queue is called", () =>
      Effect.gen(function*() {
        const queue = yield* Queue.Queue
        const odd = `a"b\\c} 7`
        yield* queue.enqueueEncoded({ name: "Echo", payload: 1, queue: odd })
        const { text: key } = yield* Keys.create(["read"])
        const answer = yield* Keys.send(key, "GET", "/metrics")
        assert.strictEqual(answer.status, 200)
        assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/)
        assertReadable(answer.text)
        assert.include(answer.text, `millrace_queue_jobs{queue="a\\"b\\\\c} 7",state="available"} 1`)
        assert.include(answer.text, "millrace_storage_up 1")
        assert.include(answer.text, "millrace_workers 0")
      }))

    it.effect("tells no name of a queue without a key", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* Keys.send(null, "GET", "/metrics")).status, 401)
      }))
  })
})
