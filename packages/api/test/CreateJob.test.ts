import { assert, describe, it } from "@effect/vitest"
import { Schema, SchemaIssue } from "effect"
import * as CreateJob from "../src/CreateJob.ts"

const issues = SchemaIssue.makeFormatterStandardSchemaV1()

/** The paths at which a body is refused; none when it passes. */
const refused = (schema: Schema.ConstraintCodec<unknown, unknown>, body: unknown) => {
  const decoded = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(body)
  return decoded._tag === "Success"
    ? []
    : issues(decoded.failure.issue).issues.map((issue) => issue.path?.map(String).join("."))
}

const job = { name: "SendWelcome", payload: { userId: "u1" } }

describe("CreateJob", () => {
  it("takes a name and a payload, and every option", () => {
    assert.deepStrictEqual(refused(CreateJob.CreateJob, job), [])
    const full = {
      ...job,
      queue: "mail",
      tenant: "t1",
      priority: "high",
      delay: "1 hour",
      unique: "k",
      maxAttempts: 3,
      timeout: "30 seconds",
      tags: ["a", "b"]
    }
    assert.deepStrictEqual(refused(CreateJob.CreateJob, full), [])
    const admitted = {
      ...job,
      throttle: { period: "1 hour", key: "k", scope: "queue" },
      ttl: "10 minutes",
      deadline: "2030-01-01T00:00:00Z",
      fifo: "order-1",
      limits: [{ name: "smtp" }, { name: "api", key: "acme", weight: 3 }]
    }
    assert.deepStrictEqual(refused(CreateJob.CreateJob, admitted), [])
    const unique = { key: "k", scope: "queue", until: "started", period: "1 hour" }
    assert.deepStrictEqual(refused(CreateJob.CreateJob, { ...job, unique }), [])
    assert.deepStrictEqual(refused(CreateJob.CreateJob, { ...job, unique: { key: "k" } }), [])
    const debounce = { wait: "5 seconds", maxWait: "1 minute", payload: "keep", key: "k", scope: "global" }
    assert.deepStrictEqual(refused(CreateJob.CreateJob, { ...job, debounce }), [])
    assert.deepStrictEqual(refused(CreateJob.CreateJob, { ...job, runAt: "2026-11-22T08:00:00Z", tenant: null }), [])
  })

  it("takes any JSON as payload", () => {
    for (const payload of [null, 0, "", false, [], {}]) {
      assert.deepStrictEqual(refused(CreateJob.CreateJob, { ...job, payload }), [])
    }
  })

  const wrong: ReadonlyArray<readonly [string, object]> = [
    ["name", { name: "" }],
    ["name", { name: 5 }],
    ["queue", { queue: "a\u0000b" }],
    ["tenant", { tenant: "" }],
    ["priority", { priority: 101 }],
    ["priority", { priority: "soon" }],
    ["delay", { delay: "-5 minutes" }],
    ["delay", { delay: "4000 days" }],
    ["delay", { delay: 60 }],
    ["delay", { delay: "1 hour", runAt: "2026-11-22T08:00:00Z" }],
    ["runAt", { runAt: "tomorrow" }],
    ["unique", { unique: "" }],
    ["unique.key", { unique: { key: "" } }],
    ["unique.scope", { unique: { key: "k", scope: "all" } }],
    ["unique.until", { unique: { key: "k", until: "later" } }],
    ["unique.period", { unique: { key: "k", period: "soon" } }],
    ["debounce", { debounce: { wait: "1 second" }, unique: { key: "k" } }],
    ["throttle.period", { throttle: {} }],
    ["throttle.period", { throttle: { period: "0 seconds" } }],
    ["throttle.scope", { throttle: { period: "1 hour", scope: "all" } }],
    ["throttle", { throttle: { period: "1 hour" }, unique: "k" }],
    ["debounce.wait", { debounce: { wait: 5 } }],
    ["debounce.reduce", { debounce: { wait: "1 second", reduce: "last" } }],
    ["debounce", { debounce: { wait: "1 second" }, delay: "1 hour" }],
    ["parents", { debounce: { wait: "1 second" }, parents: ["1"] }],
    ["parents", { parents: Array.from({ length: 101 }, (_, n) => String(n + 1)) }],
    ["parents.1", { parents: ["1", "one"] }],
    ["parents.0", { parents: [1] }],
    ["debounce", { debounce: { wait: "1 second" }, throttle: { period: "1 hour" } }],
    ["ttl", { ttl: "-1 hours" }],
    ["ttl", { ttl: "0 seconds" }],
    ["deadline", { deadline: "1 hour" }],
    ["fifo", { fifo: "" }],
    ["limits.0.weight", { limits: [{ name: "a", weight: 0 }] }],
    ["limits", { limits: Array.from({ length: 17 }, (_, index) => ({ name: `l${index}` })) }],
    ["maxAttempts", { maxAttempts: 0 }],
    ["maxAttempts", { maxAttempts: 1.5 }],
    ["timeout", { timeout: "0 seconds" }],
    ["timeout", { timeout: "25 days" }],
    ["tags", { tags: Array.from({ length: 33 }, (_, index) => `t${index}`) }],
    ["tags.1", { tags: ["a", ""] }],
    ["retries", { retries: 5 }],
    ["__proto__", JSON.parse(`{"__proto__":{"isAdmin":true}}`) as object]
  ]
  for (const [field, options] of wrong) {
    it(`names ${field} when it refuses ${JSON.stringify(options).slice(0, 60)}`, () => {
      const body = Object.defineProperties({ ...job }, Object.getOwnPropertyDescriptors(options))
      assert.deepStrictEqual(refused(CreateJob.CreateJob, body), [field])
    })
  }

  it("names what is missing", () => {
    assert.deepStrictEqual(refused(CreateJob.CreateJob, { name: "a" }), ["payload"])
    assert.deepStrictEqual(refused(CreateJob.CreateJob, { payload: {} }), ["name"])
  })

  it("takes batches of 1 to 1,000 jobs, and names the wrong one", () => {
    const batch = (count: number) => ({ jobs: Array.from({ length: count }, () => job) })
    assert.deepStrictEqual(refused(CreateJob.CreateBatch, batch(1)), [])
    assert.deepStrictEqual(refused(CreateJob.CreateBatch, batch(1000)), [])
    assert.deepStrictEqual(refused(CreateJob.CreateBatch, batch(0)), ["jobs"])
    assert.deepStrictEqual(refused(CreateJob.CreateBatch, batch(1001)), ["jobs"])
    assert.deepStrictEqual(refused(CreateJob.CreateBatch, { jobs: [job, { ...job, delay: "x" }] }), ["jobs.1.delay"])
  })

  it("takes a change of one field or more, not of both times", () => {
    const change = (body: object) => refused(CreateJob.ChangeJob, body)
    assert.deepStrictEqual(change({ priority: "urgent" }), [])
    assert.deepStrictEqual(change({ priority: 7, tags: [], delay: "5 minutes" }), [])
    assert.deepStrictEqual(change({ runAt: "2026-11-22T08:00:00Z" }), [])
    assert.lengthOf(change({}), 1)
    assert.deepStrictEqual(change({ delay: "5 minutes", runAt: "2026-11-22T08:00:00Z" }), ["delay"])
    assert.deepStrictEqual(change({ priority: 101 }), ["priority"])
    assert.deepStrictEqual(change({ queue: "other" }), ["queue"])
  })
})
