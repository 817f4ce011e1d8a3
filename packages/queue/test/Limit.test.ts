import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Job from "../src/Job.ts"
import * as Limit from "../src/Limit.ts"
import { InvalidOption } from "../src/QueueError.ts"

const fieldOf = (make: () => unknown): string =>
  Result.match(Result.try(make), {
    onFailure: (error) => error instanceof InvalidOption ? error.field : String(error),
    onSuccess: () => "accepted"
  })

describe("Limit", () => {
  it("is data for the storage, with every default filled in", () => {
    assert.deepStrictEqual(Limit.concurrency("a", { max: 5 }), {
      rule: { name: "a", kind: "concurrency", max: 5, perMillis: null, burst: null },
      key: null,
      weight: 1
    })
    assert.deepStrictEqual(Limit.rate("b", { permits: 450, per: "1 minute" }).rule, {
      name: "b",
      kind: "rate",
      max: 450,
      perMillis: 60_000,
      burst: 450
    })
    assert.deepStrictEqual(Limit.rate("c", { permits: 9, per: "1 second", mode: "window", weight: 2, key: "tenant" }), {
      rule: { name: "c", kind: "window", max: 9, perMillis: 1_000, burst: null },
      key: "tenant",
      weight: 2
    })
    assert.deepStrictEqual(Limit.fifo("d", { key: "tenant" }).rule, {
      name: "d",
      kind: "order",
      max: 1,
      perMillis: null,
      burst: null
    })
  })

  it("refuses what can not be, by its field", () => {
    const wrong: ReadonlyArray<readonly [string, () => unknown]> = [
      ["limit", () => Limit.concurrency("", { max: 1 })],
      ["limit", () => Limit.fifo("a\nb", { key: "tenant" })],
      ["max", () => Limit.concurrency("a", { max: 0 })],
      ["max", () => Limit.concurrency("a", { max: 1.5 })],
      ["permits", () => Limit.rate("a", { permits: 0, per: 1 })],
      ["per", () => Limit.rate("a", { permits: 1, per: 0 })],
      ["per", () => Limit.rate("a", { permits: 1, per: "367 days" })],
      ["burst", () => Limit.rate("a", { permits: 1, per: 1, burst: 0 })],
      ["burst", () => Limit.rate("a", { permits: 1, per: 1, burst: 1, mode: "window" })],
      ["weight", () => Limit.rate("a", { permits: 1, per: 1, weight: 0 })]
    ]
    for (const [field, make] of wrong) assert.strictEqual(fieldOf(make), field)
  })

  it("is held to the payload of its jobs by the compiler", () => {
    const perStore = Limit.concurrency("per-store", { max: 5, key: ({ store }: { readonly store: string }) => store })
    const right = [
      () => Job.make("A", { payload: { store: Schema.String, more: Schema.Int }, limits: [perStore] }),
      () => Job.make("A", { payload: {}, limits: [Limit.concurrency("any", { max: 1 })] }),
      () => Job.make("A", { payload: { n: Schema.Int }, fifo: ({ n }) => `${n}` })
    ]
    const wrong = [
      // @ts-expect-error the payload has no store
      () => Job.make("A", { payload: { shop: Schema.String }, limits: [perStore] }),
      // @ts-expect-error a key is text
      () => Job.make("A", { payload: { n: Schema.Int }, fifo: ({ n }) => n }),
      // @ts-expect-error a unique key is text
      () => Job.make("A", { payload: { n: Schema.Int }, unique: { key: ({ n }) => n } })
    ]
    assert.deepStrictEqual([right.length, wrong.length], [3, 3])
  })
})
