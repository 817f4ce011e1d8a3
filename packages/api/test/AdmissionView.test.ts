import { assert, describe, it } from "@effect/vitest"
import { DateTime, Schema } from "effect"
import * as AdmissionView from "../src/AdmissionView.ts"

const at = DateTime.makeUnsafe("2026-11-22T08:00:00Z")
const rule = { name: "mail-api", kind: "rate" as const, max: 450, perMillis: 60_000, burst: 20 }

describe("AdmissionView", () => {
  it("shows the jobs without a tenant as null", () => {
    const record = { tenant: "", weights: [], pausedAt: at, available: 1, running: 2 }
    assert.deepInclude(AdmissionView.fromTenant(record), { tenant: null, paused: true, running: 2 })
    assert.deepInclude(AdmissionView.fromTenant({ ...record, tenant: "t", pausedAt: null }), {
      tenant: "t",
      paused: false
    })
  })

  it("shows a limit with its rule beside its name, and how the rule changed", () => {
    const view = AdmissionView.fromLimit({
      rule,
      release: "2",
      declaredAt: at,
      overrides: [],
      pauses: [{ what: "limit", name: "mail-api", key: "k", since: at, until: null }],
      uses: [{ key: "k", held: 1, tokens: 3 }],
      changes: [{ at, fromRelease: null, toRelease: "2", before: null, after: rule }]
    })
    const wire = Schema.encodeSync(Schema.toCodecJson(AdmissionView.LimitView))(view)
    assert.deepInclude(wire, { name: "mail-api", kind: "rate", max: 450, declaredAt: "2026-11-22T08:00:00.000Z" })
    assert.deepStrictEqual(view.pauses, [{ key: "k", since: at, until: null }])
    assert.deepStrictEqual(view.changes[0]?.after, { kind: "rate", max: 450, perMillis: 60_000, burst: 20 })
  })

  it("knows a reason by its tag", () => {
    const is = Schema.is(AdmissionView.ReasonView)
    const text = "in a line"
    assert.isTrue(is({ tag: "WouldRunNow", text }))
    assert.isTrue(is({ tag: "ScheduledUntil", text, at, why: "retryable" }))
    assert.isFalse(is({ tag: "ScheduledUntil", text, at }))
    assert.isFalse(is({ tag: "Unknown", text }))
    assert.isFalse(is({ tag: "WouldRunNow" }))
  })
})
