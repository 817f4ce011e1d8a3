import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { DataProcessing } from "../src/DataProcessing.ts"

const decide = (errorTag: string, failures: number) =>
  RetryPolicy.decide(DataProcessing.options.retry, { errorTag, failures, elapsedMillis: 0, seed: "17" })

describe("DataProcessing", () => {
  it("refuses an unknown operation with the path of the field", () => {
    const misfit = DataProcessing.codec.decodePayload({ batchId: "b", operation: "drop", data: [] })
    assert.deepStrictEqual(misfit, {
      _tag: "Misfit",
      misfit: { field: "$.operation", detail: "Expected \"import\" | \"transform\" | \"export\"" }
    })
  })

  it("refuses a payload without a source", () => {
    const misfit = DataProcessing.codec.decodePayload({ batchId: "b", operation: "import" })
    assert.strictEqual(misfit._tag === "Misfit" ? misfit.misfit.field : "accepted", "$.source")
  })

  it("tries a disk that fails again, and nothing that only a person can mend", () => {
    assert.deepStrictEqual(decide("FileFailure", 1), { _tag: "Retry", delayMillis: 2000 })
    assert.deepStrictEqual(decide("FileFailure", 5), { _tag: "GiveUp", reason: "maxAttempts" })
    for (const tag of ["SourceNotAllowed", "SourceNotFound", "SourceUnusable"]) {
      assert.deepStrictEqual(decide(tag, 1), { _tag: "GiveUp", reason: "never" }, tag)
    }
  })
})
