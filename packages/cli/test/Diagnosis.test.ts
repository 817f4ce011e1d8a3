import { assert, describe, it } from "@effect/vitest"
import * as Diagnosis from "../src/Diagnosis.ts"
import type { Facts } from "../src/DoctorFacts.ts"

const healthy: Facts = {
  versionNumber: 180_004,
  version: "18.4",
  pending: [],
  role: "worker",
  isSuperuser: false,
  denied: [],
  invalidIndexes: [],
  tables: [{ name: "ready", live: 10, dead: 5, bytes: 8192 }],
  xminAge: 10,
  oldestTransaction: 1,
  hears: true,
  skew: 0.01,
  roundTrip: 0.002,
  connections: { used: 5, most: 100 },
  autovacuum: true
}

const statusOf = (facts: Partial<Facts>, check: string) =>
  Diagnosis.judge({ ...healthy, ...facts }).find((finding) => finding.check === check)

describe("Diagnosis", () => {
  it("finds nothing wrong with what is right, and has no remedy for it", () => {
    const findings = Diagnosis.judge(healthy)
    assert.strictEqual(Diagnosis.worst(findings), "ok")
    assert.isTrue(findings.every(({ remedy }) => remedy === null))
  })

  const cases: ReadonlyArray<readonly [facts: Partial<Facts>, check: string, status: string, detail: RegExp]> = [
    [{ versionNumber: 130_010, version: "13.10" }, "version", "fail", /13\.10/],
    [{ pending: ["0002_schedules"] }, "migrations", "fail", /not applied: 0002_schedules/],
    [{ pending: null }, "migrations", "fail", /can not be read/],
    [{ isSuperuser: true }, "role", "warn", /superuser/],
    [{ denied: ["ready: insert"] }, "role", "fail", /may not: ready: insert/],
    [{ invalidIndexes: ["ready_order"] }, "indexes", "fail", /ready_order/],
    [{ tables: [{ name: "ready", live: 10, dead: 50_000, bytes: 1 }] }, "bloat", "warn", /50000 dead rows/],
    [{ autovacuum: false }, "autovacuum", "fail", /off/],
    [{ xminAge: 200_000 }, "xmin age", "warn", /200000/],
    [{ xminAge: 20_000_000 }, "xmin age", "fail", /20000000/],
    [{ oldestTransaction: 3600 }, "transactions", "warn", /3600 seconds/],
    [{ hears: false }, "pooler", "warn", /transaction mode/],
    [{ skew: -5 }, "clock", "warn", /5\.000 seconds behind/],
    [{ connections: { used: 90, most: 100 } }, "connections", "warn", /90 of 100/]
  ]
  for (const [facts, check, status, detail] of cases) {
    it(`judges ${JSON.stringify(facts)}: ${status}, with a remedy`, () => {
      const finding = statusOf(facts, check)
      assert.strictEqual(finding?.status, status)
      assert.match(finding?.detail ?? "", detail)
      assert.isString(finding?.remedy)
    })
  }

  it("takes a skew that the way could explain for none", () => {
    assert.strictEqual(statusOf({ skew: 2, roundTrip: 3 }, "clock")?.status, "ok")
  })
})
