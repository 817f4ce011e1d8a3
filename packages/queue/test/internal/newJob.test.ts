import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { DateTime, Duration, Result, Schema } from "effect"
import type { EnqueueOptions } from "../../src/EnqueueOptions.ts"
import * as NewJobs from "../../src/internal/newJob.ts"
import * as Job from "../../src/Job.ts"

const Send = Job.make("Send", {
  payload: { to: Schema.String, tree: Schema.optionalKey(Schema.Unknown) },
  queue: "mail",
  priority: "high",
  tags: ["out"],
  maxAttempts: 7,
  unique: ({ to }) => to
})

const made = (options: EnqueueOptions = {}, payload: unknown = { to: "ada" }) =>
  Result.getOrThrow(NewJobs.fromPayload(Send, payload, options))

const refused = (options: EnqueueOptions, payload: unknown = { to: "ada" }) => {
  const result = NewJobs.fromPayload(Send, payload, options)
  if (Result.isSuccess(result)) return assert.fail(`accepted ${JSON.stringify(options)}`)
  return result.failure
}

describe("newJob", () => {
  it("fills in the defaults of the definition", () => {
    assert.deepStrictEqual(made(), {
      name: "Send",
      version: 1,
      queue: "mail",
      tenant: "",
      priority: 30,
      payload: { to: "ada" },
      delayMillis: 0,
      runAt: null,
      maxAttempts: 7,
      timeoutMillis: null,
      retry: null,
      ttlMillis: null,
      unique: { key: "Send::ada", holds: "finished", periodMillis: null },
      debounce: null,
      limits: [],
      tags: ["out"]
    })
  })

  it("lets options win over the definition", () => {
    const job = made({
      queue: "slow",
      tenant: "shop:1",
      priority: 99,
      delay: "1.5 seconds",
      unique: "k",
      timeout: "2 minutes",
      tags: [],
      retry: RetryPolicy.fixed("1 second", { maxAttempts: 3 })
    })
    assert.strictEqual(job.queue, "slow")
    assert.strictEqual(job.priority, 99)
    assert.strictEqual(job.delayMillis, 1_500)
    assert.strictEqual(job.timeoutMillis, 120_000)
    assert.strictEqual(job.maxAttempts, 3)
    assert.strictEqual(job.unique?.key, "Send:shop%3A1:k")
    assert.deepStrictEqual(job.retry, { _tag: "Fixed", delayMillis: 1_000, maxAttempts: 3 })
    assert.strictEqual(made({ maxAttempts: 2, retry: RetryPolicy.never }).maxAttempts, 2)
  })

  it("keeps the unique keys of different names and tenants apart", () => {
    const keys = [
      made({ tenant: "a", unique: "b:c" }).unique?.key,
      made({ tenant: "a:b", unique: "c" }).unique?.key,
      made({ tenant: "a%3Ab", unique: "c" }).unique?.key
    ]
    assert.strictEqual(new Set(keys).size, 3)
  })

  it("F52: takes instants up to the year 9999 and delays beyond what a timer can hold", () => {
    const runAt = DateTime.makeUnsafe("9999-12-31T23:59:59.999Z")
    assert.isTrue(DateTime.Equivalence(made({ runAt }).runAt ?? DateTime.makeUnsafe(0), runAt))
    assert.isNotNull(made({ runAt: new Date(0) }).runAt)
    assert.strictEqual(made({ delay: 2 ** 31 + 1 }).delayMillis, 2 ** 31 + 1)
    assert.strictEqual(made({ delay: "36500 days" }).delayMillis, 36_500 * 86_400_000)
  })

  const wrong: ReadonlyArray<readonly [string, EnqueueOptions]> = [
    ["delay", { delay: -1 }],
    ["delay", { delay: Number.NaN }],
    ["delay", { delay: "Infinity" }],
    ["delay", { delay: Duration.infinity }],
    ["delay", { delay: "soon" as never }],
    ["delay", { delay: "-5 seconds" }],
    ["delay", { delay: "40000 days" }],
    ["runAt", { runAt: Number.NaN }],
    ["runAt", { runAt: "when it suits" }],
    ["runAt", { runAt: "+010000-01-01T00:00:00Z" }],
    ["runAt", { runAt: new Date(0), delay: 5 }],
    ["timeout", { timeout: 0 }],
    ["timeout", { timeout: -5 }],
    ["priority", { priority: 101 }],
    ["priority", { priority: -1 }],
    ["priority", { priority: 1.5 }],
    ["priority", { priority: "toString" as never }],
    ["maxAttempts", { maxAttempts: 0 }],
    ["maxAttempts", { maxAttempts: 2.5 }],
    ["maxAttempts", { maxAttempts: 2 ** 31 }],
    ["queue", { queue: "" }],
    ["queue", { queue: "a\nb" }],
    ["queue", { queue: "x".repeat(256) }],
    ["tenant", { tenant: "a\u0000" }],
    ["tenant", { tenant: "\ud800" }],
    ["unique", { unique: "" }],
    ["unique", { unique: "\u0085" }],
    ["tags[1]", { tags: ["a", ""] }],
    ["tags[0]", { tags: [3 as never] }],
    ["tags", { tags: Array.from({ length: 33 }, (_, index) => String(index)) }],
    ["retry", { retry: { _tag: "Sometimes" } as never }]
  ]
  for (const [field, options] of wrong) {
    it(`refuses ${JSON.stringify(options)} by its field`, () => {
      const error = refused(options)
      assert.strictEqual(error._tag === "InvalidOption" ? error.field : "", field)
    })
  }

  it("refuses payloads by the path of the culprit", () => {
    const cyclic: Record<string, unknown> = { to: "ada" }
    cyclic["tree"] = cyclic
    let deep: unknown = 1
    for (let level = 0; level < 5_000; level++) deep = [deep]
    const payloads: ReadonlyArray<readonly [unknown, string, RegExp]> = [
      [{ to: 3 }, "$.to", /string/],
      [{ to: 3n }, "$.to", /string/],
      [{}, "$.to", /key/i],
      [{ to: "a\u0000" }, "$.to", /NUL/],
      [{ to: "\udfff" }, "$.to", /surrogate/],
      [{ to: "x".repeat(20_000_000) }, "$.to", /larger/],
      [{ to: "ada", tree: deep }, "$.tree[0][0][0][0][0][0][0]", /deeper/],
      [cyclic, "$.tree", /cyclic/],
      [{ to: "ada", tree: 1n }, "$.tree", /./],
      [{ to: "ada", tree: () => 1 }, "$.tree", /./]
    ]
    for (const [payload, field, detail] of payloads) {
      const error = refused({}, payload)
      if (error._tag !== "InvalidPayload") return assert.fail(error._tag)
      assert.strictEqual(error.name, "Send")
      assert.isTrue(error.field.startsWith(field.slice(0, 6)), `${error.field} for ${field}`)
      assert.match(error.detail, detail)
    }
  })

  it("validates JSON of a known name by its definition, and of an unknown one as JSON", () => {
    assert.isTrue(Result.isSuccess(NewJobs.orderJson(Send, { to: "ada" }, {})))
    assert.strictEqual(Result.getOrThrow(NewJobs.orderJson(Send, { to: "ada" }, {})).job.unique?.key, "Send::ada")
    assert.isTrue(Result.isFailure(NewJobs.orderJson(Send, { to: 3 }, {})))
    const unknown = Result.getOrThrow(NewJobs.fromUnknown("Anything", [1], {}))
    assert.strictEqual(unknown.maxAttempts, 25)
    assert.strictEqual(unknown.queue, "default")
    assert.isTrue(Result.isFailure(NewJobs.fromUnknown("Anything", { a: new Date(0) }, {})))
    assert.isTrue(Result.isFailure(NewJobs.fromUnknown("a\tb", {}, {})))
  })
})
