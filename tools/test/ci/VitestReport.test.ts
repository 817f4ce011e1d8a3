import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as VitestReport from "../../src/ci/VitestReport.ts"

const report = (
  counts: { readonly passed?: number; readonly failed?: number; readonly pending?: number; readonly todo?: number },
  files: ReadonlyArray<{ readonly status: string; readonly assertionResults: ReadonlyArray<{ status: string }> }> = []
) =>
  Option.some(JSON.stringify({
    numPassedTests: counts.passed ?? 0,
    numFailedTests: counts.failed ?? 0,
    numPendingTests: counts.pending ?? 0,
    numTodoTests: counts.todo ?? 0,
    testResults: files
  }))

describe("VitestReport", () => {
  it("counts the tests", () => {
    const tally = VitestReport.tally(report({ passed: 10, pending: 2, todo: 1 }), 0)
    assert.deepStrictEqual(tally, { passed: 10, failed: 0, skipped: 3 })
  })

  it("counts failed tests once, whatever the exit code says", () => {
    const files = [{ status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] }]
    assert.deepStrictEqual(VitestReport.tally(report({ passed: 1, failed: 1 }, files), 1).failed, 1)
  })

  it("counts a file that could not be loaded", () => {
    const files = [{ status: "failed", assertionResults: [] }]
    assert.deepStrictEqual(VitestReport.tally(report({ passed: 5 }, files), 1), { passed: 5, failed: 1, skipped: 0 })
  })

  it("counts an error outside of all tests", () => {
    assert.strictEqual(VitestReport.tally(report({ passed: 5 }), 1).failed, 1)
  })

  it("counts a run without tests as a failure", () => {
    assert.strictEqual(VitestReport.tally(report({}), 0).failed, 1)
    assert.strictEqual(VitestReport.tally(report({ pending: 3 }), 0).failed, 1)
  })

  it("counts a missing or broken report as a failure", () => {
    assert.strictEqual(VitestReport.tally(Option.none(), 0).failed, 1)
    assert.strictEqual(VitestReport.tally(Option.some("{"), 0).failed, 1)
  })
})
