import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Bounds from "../src/Bounds.ts"
import * as JobId from "../src/JobId.ts"
import type { NewJob } from "../src/NewJob.ts"

const now = 1_767_225_600_000

const job = (fields: Partial<NewJob>): NewJob => ({
  name: "SendMail",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: {},
  delayMillis: 0,
  runAt: null,
  ttlMillis: null,
  maxAttempts: 3,
  timeoutMillis: null,
  retry: null,
  unique: null,
  debounce: null,
  limits: [],
  tags: [],
  ...fields
})

const unique = (key: string) => ({ key, holds: "finished", periodMillis: null }) as const

const refusedField = (fields: Partial<NewJob>) => Bounds.checkJobs([job({}), job(fields)], now)?.field ?? null

describe("Bounds", () => {
  it("takes any text that a database can hold", () => {
    const fine = ["", "ünï \u0001 \ud83d\ude00", "\\u0000", "\\\\u0000", "\\ud800", "\\\\\\ud800 \\"]
    for (const text of fine) {
      assert.isNull(refusedField({ name: text, payload: { [text]: [text] }, tags: [text], unique: unique(text) }), text)
    }
  })

  it("F55: names the field that holds a NUL character or a lone surrogate", () => {
    for (const bad of ["\u0000", "a\u0000b", "\\\u0000", "\ud800", "a\udfff", "\ude00\ud83d", "\\\\\ud800"]) {
      assert.strictEqual(refusedField({ name: bad }), "name")
      assert.strictEqual(refusedField({ queue: bad }), "queue")
      assert.strictEqual(refusedField({ tenant: bad }), "tenant")
      assert.strictEqual(refusedField({ unique: unique(bad) }), "unique")
      assert.strictEqual(refusedField({ tags: ["a", bad] }), "tags")
      assert.strictEqual(refusedField({ payload: { a: [{ [bad]: 1 }] } }), "payload")
      assert.strictEqual(refusedField({ retry: [bad] }), "retry")
    }
  })

  it("refuses numbers out of bounds", () => {
    for (const priority of [-1, 101, Number.NaN]) assert.strictEqual(refusedField({ priority }), "priority")
    for (const priority of [0, 100]) assert.isNull(refusedField({ priority }))
    for (const maxAttempts of [0, 2 ** 31, Number.NaN]) assert.strictEqual(refusedField({ maxAttempts }), "maxAttempts")
    for (const delayMillis of [-1, Number.NaN, Number.POSITIVE_INFINITY, 8_640_000_000_000_000]) {
      assert.strictEqual(refusedField({ delayMillis }), "delayMillis")
    }
    for (const delayMillis of [0, 0.5, 2 ** 40]) assert.isNull(refusedField({ delayMillis }))
    assert.isNull(refusedField({ runAt: DateTime.makeUnsafe("9999-12-31T23:59:59Z") }))
  })

  it("bounds claims, queries, transitions, promotions and reclaims", () => {
    const claim = { workerId: "w", queue: "q", handles: [], limit: 1, perTenant: 1 }
    assert.isNull(Bounds.checkClaim(claim))
    assert.isNull(Bounds.checkClaim({ ...claim, limit: 1000 }))
    assert.strictEqual(Bounds.checkClaim({ ...claim, limit: 0 })?.field, "limit")
    assert.strictEqual(Bounds.checkClaim({ ...claim, limit: 1001 })?.field, "limit")
    assert.strictEqual(Bounds.checkClaim({ ...claim, perTenant: 0 })?.field, "perTenant")
    assert.isNull(Bounds.checkQuery({}))
    assert.isNull(Bounds.checkQuery({ limit: 1000 }))
    assert.strictEqual(Bounds.checkQuery({ limit: 1001 })?.field, "limit")
    const remove = { _tag: "Remove" } as const
    assert.isNull(Bounds.checkTransition(Array.from({ length: 1000 }, String), remove, 0))
    assert.strictEqual(
      Bounds.checkTransition(Array.from({ length: 1001 }, String), remove, 0)?.operation,
      "transition"
    )
    const change = { _tag: "Change", priority: null, tags: null, delayMillis: null, runAt: null } as const
    assert.isNull(Bounds.checkTransition(["1"], { ...change, priority: 100, tags: ["t"], delayMillis: 0 }, 0))
    for (const field of ["priority", "delayMillis"] as const) {
      assert.strictEqual(Bounds.checkTransition(["1"], { ...change, [field]: -1 }, 0)?.field, field)
    }
    assert.strictEqual(Bounds.checkTransition(["1"], { ...change, tags: ["\u0000"] }, 0)?.field, "tags")
    const both = { ...change, delayMillis: 1, runAt: DateTime.makeUnsafe(0) }
    assert.strictEqual(Bounds.checkTransition(["1"], both, 0)?.field, "delayMillis")
    assert.isNull(Bounds.checkLimit("promote", 1))
    assert.strictEqual(Bounds.checkLimit("reclaim", 0)?.operation, "reclaim")
  })

  it("refuses delays of outcomes that are no time span", () => {
    const settlement = {
      id: JobId.makeUnsafe(1),
      leaseId: "1",
      token: 1,
      uniqueKey: null,
      hasReport: false,
      startedAfterMillis: 0,
      endedAfterMillis: 0
    }
    const check = (delayMillis: number) =>
      Bounds.checkSettlements([{ ...settlement, outcome: { _tag: "Snoozed", delayMillis } }], now)
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) assert.strictEqual(check(bad)?.field, "delayMillis")
    for (const fine of [0, 1.5, 2 ** 40]) assert.isNull(check(fine))
    assert.isNull(Bounds.checkSettlements([{ ...settlement, outcome: { _tag: "Released" } }], now))
  })
})
