import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import type { EnqueueOptions } from "../../src/EnqueueOptions.ts"
import * as NewJobs from "../../src/internal/newJob.ts"
import * as Job from "../../src/Job.ts"

const payload = { to: Schema.String }

const made = (job: Parameters<typeof NewJobs.fromPayload>[0], options: EnqueueOptions = {}) => {
  const { debounce, unique } = Result.getOrThrow(NewJobs.fromPayload(job, { to: "ada" }, options))
  return { debounce, unique }
}

const refused = (options: EnqueueOptions) => {
  const result = NewJobs.fromPayload(Job.make("Plain", { payload }), { to: "ada" }, options)
  return Result.isFailure(result) && result.failure._tag === "InvalidOption" ? result.failure.field : "accepted"
}

const thrown = (make: () => unknown): string =>
  Result.match(Result.try(make), {
    onFailure: (error) => String(error),
    onSuccess: () => "accepted"
  })

describe("once", () => {
  it("scopes a key by tenant, by queue, or not at all, so that no two scopes look the same", () => {
    const keys = [
      { tenant: "queue", unique: "a" },
      { tenant: "a:b", unique: "c" },
      { tenant: "a", unique: "b:c" },
      { unique: { key: "a", scope: "queue" } },
      { unique: { key: "a", scope: "global" } },
      { queue: "a", unique: { key: "", scope: "queue" } }
    ] as const
    const Plain = Job.make("Plain", { payload })
    const made = keys.slice(0, 5).map((options) =>
      Result.getOrThrow(NewJobs.fromPayload(Plain, { to: "ada" }, options)).unique?.key
    )
    assert.deepStrictEqual(made, [
      "Plain:queue:a",
      "Plain:a%3Ab:c",
      "Plain:a:b:c",
      ":queue:Plain:default:a",
      ":global:Plain:a"
    ])
    assert.strictEqual(refused(keys[5]), "unique")
  })

  it("turns the definition's rules into what the storage takes", () => {
    const Unique = Job.make("U", {
      payload,
      unique: { key: ({ to }) => to, until: "started", period: "1 minute", scope: "global" }
    })
    assert.deepStrictEqual(made(Unique), {
      unique: { key: ":global:U:ada", holds: "started", periodMillis: 60_000 },
      debounce: null
    })
    const Throttled = Job.make("T", { payload, throttle: { period: "1 hour" } })
    assert.deepStrictEqual(made(Throttled, { tenant: "acme" }), {
      unique: { key: "T:acme:", holds: "period", periodMillis: 3_600_000 },
      debounce: null
    })
    const Debounced = Job.make("D", {
      payload,
      debounce: { key: ({ to }) => to, wait: "5 seconds", maxWait: "1 minute" }
    })
    assert.deepStrictEqual(made(Debounced), {
      unique: null,
      debounce: { key: "D::ada", waitMillis: 5_000, maxWaitMillis: 60_000, payload: "replace" }
    })
  })

  it("lets the enqueue's own rule win over the definition's, whichever way it is", () => {
    const Debounced = Job.make("D", { payload, debounce: { wait: "5 seconds" } })
    assert.deepStrictEqual(made(Debounced, { unique: "k" }), {
      unique: { key: "D::k", holds: "finished", periodMillis: null },
      debounce: null
    })
    assert.deepStrictEqual(made(Debounced, { debounce: { key: "k", wait: 10, payload: "keep" } }).debounce, {
      key: "D::k",
      waitMillis: 10,
      maxWaitMillis: null,
      payload: "keep"
    })
    assert.deepStrictEqual(made(Debounced, { throttle: { key: "k", period: 10 } }).unique, {
      key: "D::k",
      holds: "period",
      periodMillis: 10
    })
  })

  it("takes a plain text as a key by the definition's rule", () => {
    const rule = { key: () => "own", until: "started", scope: "queue" } as const
    const Unique = Job.make("U", { payload, unique: rule })
    assert.deepStrictEqual(made(Unique, { unique: "k" }).unique, {
      key: ":queue:U:default:k",
      holds: "started",
      periodMillis: null
    })
    assert.deepStrictEqual(made(Unique, { unique: { key: "k" } }).unique, {
      key: "U::k",
      holds: "finished",
      periodMillis: null
    })
    const Throttled = Job.make("T", { payload, throttle: { period: "1 hour" } })
    assert.strictEqual(made(Throttled, { unique: "k" }).unique?.holds, "finished")
  })

  it("refuses what contradicts itself, by its field", () => {
    assert.strictEqual(refused({ unique: "a", throttle: { period: 5 } }), "throttle")
    assert.strictEqual(refused({ debounce: { wait: 5 }, delay: 5 }), "debounce")
    assert.strictEqual(refused({ debounce: { wait: 5 }, runAt: 5 }), "debounce")
    assert.strictEqual(refused({ debounce: { wait: 5, maxWait: 4 } }), "debounce.maxWait")
    assert.strictEqual(refused({ debounce: { wait: 0 } }), "debounce.wait")
    assert.strictEqual(refused({ throttle: { period: 0 } }), "throttle.period")
    assert.strictEqual(refused({ unique: { key: "a", scope: "world" as never } }), "unique.scope")
    assert.strictEqual(refused({ unique: { key: "a", until: "later" as never } }), "unique.until")
    assert.strictEqual(refused({ unique: { key: "a", period: -1 } }), "unique.period")
    assert.include(
      thrown(() => Job.make("A", { payload, unique: () => "a", throttle: { period: 5 } })),
      "exclude each other"
    )
    const reduce = (waiting: { readonly to: string }) => waiting
    assert.include(
      thrown(() => Job.make("A", { payload, debounce: { wait: 5, payload: "keep", reduce } })),
      "exclude each other"
    )
  })
})
