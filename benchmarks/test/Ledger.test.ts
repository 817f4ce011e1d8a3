import { assert, describe, it } from "@effect/vitest"
import * as Ledger from "../src/Ledger.ts"

const ran = (from: number, count: number, jobs: ReadonlyArray<number>): Ledger.Ledger => {
  const ledger = Ledger.make(from, count)
  for (const n of jobs) Ledger.record(ledger, n)
  return ledger
}

describe("Ledger", () => {
  it("has no complaint when every job ran exactly once", () => {
    const verdict = Ledger.verdict(ran(10, 3, [12, 10, 11]))
    assert.deepStrictEqual(verdict, { ran: 3, doubled: 0, missing: 0 })
    assert.isUndefined(Ledger.complaint(verdict))
  })

  it("finds jobs that never ran and jobs that ran twice", () => {
    const verdict = Ledger.verdict(ran(0, 4, [0, 1, 1, 1]))
    assert.deepStrictEqual(verdict, { ran: 2, doubled: 1, missing: 2 })
    assert.strictEqual(Ledger.complaint(verdict), "2 jobs never ran, 1 jobs ran twice or more")
  })

  it("finds a job that ran once in each of two processes", () => {
    const merged = Ledger.merge(0, 3, [ran(0, 3, [0, 1]), ran(0, 3, [1, 2])])
    assert.deepStrictEqual(Ledger.verdict(merged), { ran: 3, doubled: 1, missing: 0 })
  })

  it("judges only the range it is asked for", () => {
    const merged = Ledger.merge(0, 2, [ran(0, 1000, [0, 1, 500])])
    assert.deepStrictEqual(Ledger.verdict(merged), { ran: 2, doubled: 0, missing: 0 })
  })

  it("refuses numbers of other runs", () => {
    const ledger = Ledger.make(5, 2)
    assert.isFalse(Ledger.record(ledger, 4))
    assert.isFalse(Ledger.record(ledger, 7))
    assert.isTrue(Ledger.record(ledger, 6))
  })

  it("survives the way between processes", () => {
    const ledger = ran(-3, 5, [-3, 0, 0, 1])
    assert.deepStrictEqual(Ledger.decode(-3, Ledger.encode(ledger)), ledger)
  })

  it("counts no further than a byte holds, and still sees the double run", () => {
    const verdict = Ledger.verdict(ran(0, 1, Array.from({ length: 300 }, () => 0)))
    assert.strictEqual(verdict.doubled, 1)
  })
})
