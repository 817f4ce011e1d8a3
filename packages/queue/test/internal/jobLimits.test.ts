import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import type { EnqueueOptions } from "../../src/EnqueueOptions.ts"
import * as NewJobs from "../../src/internal/newJob.ts"
import * as Job from "../../src/Job.ts"
import * as Limit from "../../src/Limit.ts"

const perStore = Limit.concurrency("per-store", { max: 5, key: ({ store }: { readonly store: string }) => store })
const openai = Limit.rate("openai", {
  permits: 450,
  per: "1 minute",
  burst: 20,
  weight: ({ tokens }: { readonly tokens: number }) => tokens
})
const perTenant = Limit.concurrency("per-tenant", { max: 2, key: "tenant" })

const Ask = Job.make("Ask", {
  payload: { store: Schema.String, tokens: Schema.Number },
  limits: [perStore, openai, perTenant],
  fifo: ({ store }) => store
})

const order = (options: EnqueueOptions = {}, payload = { store: "berlin", tokens: 3 }) =>
  NewJobs.orderPayload(Ask, payload, options)

const refused = (options: EnqueueOptions, payload?: { readonly store: string; readonly tokens: number }) => {
  const result = order(options, payload)
  return Result.isFailure(result) && result.failure._tag === "InvalidOption" ? result.failure.field : "accepted"
}

describe("jobLimits", () => {
  it("gives a job the keys and weights of its payload and tenant, and its place in the order", () => {
    const { job, rules } = Result.getOrThrow(order({ tenant: "acme" }))
    assert.deepStrictEqual(job.limits, [
      { name: "per-store", key: "berlin", weight: 1 },
      { name: "openai", key: "", weight: 3 },
      { name: "per-tenant", key: "acme", weight: 1 },
      { name: "fifo:Ask", key: "acme:berlin", weight: 1 }
    ])
    assert.deepStrictEqual(rules.map(({ kind, name }) => `${kind} ${name}`), [
      "concurrency per-store",
      "rate openai",
      "concurrency per-tenant",
      "order fifo:Ask"
    ])
  })

  it("adds the limits of the enqueue, which win over those of the definition", () => {
    const { job } = Result.getOrThrow(
      order({ fifo: "own", limits: [{ name: "openai", weight: 9 }, { name: "extra", key: "k" }] })
    )
    assert.deepStrictEqual(job.limits, [
      { name: "per-store", key: "berlin", weight: 1 },
      { name: "openai", key: "", weight: 9 },
      { name: "per-tenant", key: "", weight: 1 },
      { name: "extra", key: "k", weight: 1 },
      { name: "fifo:Ask", key: ":own", weight: 1 }
    ])
  })

  it("declares the order that only the enqueue asks for", () => {
    const Plain = Job.make("Plain", { payload: {} })
    const made = Result.getOrThrow(NewJobs.orderPayload(Plain, {}, { fifo: "k" }))
    assert.deepStrictEqual(made.rules, [{ name: "fifo:Plain", kind: "order", max: 1, perMillis: null, burst: null }])
    assert.deepStrictEqual(Result.getOrThrow(NewJobs.orderPayload(Plain, {}, {})).rules, [])
  })

  it("refuses keys and weights that can not be, by their limit", () => {
    assert.strictEqual(refused({}, { store: "", tokens: 1 }), "fifo")
    assert.strictEqual(refused({}, { store: "a\nb", tokens: 1 }), "limits.per-store.key")
    assert.strictEqual(refused({}, { store: "a", tokens: 0 }), "limits.openai.weight")
    assert.strictEqual(refused({}, { store: "a", tokens: 0.5 }), "limits.openai.weight")
    assert.strictEqual(refused({ limits: [{ name: "" }] }), "limits")
    assert.strictEqual(refused({ limits: Array.from({ length: 13 }, (_, index) => ({ name: `l${index}` })) }), "limits")
    assert.strictEqual(
      refused({ limits: Array.from({ length: 12 }, (_, index) => ({ name: `l${index}` })) }),
      "accepted"
    )
  })

  it("refuses a job with the same limit twice, or too many", () => {
    const many = Array.from({ length: 17 }, (_, index) => Limit.concurrency(`l${index}`, { max: 1 }))
    for (const limits of [[perTenant, perTenant], many]) {
      assert.isTrue(Result.isFailure(Result.try(() => Job.make("A", { payload: {}, limits }))))
    }
  })
})
