import { assert, describe, it } from "@effect/vitest"
import { JobId } from "@millrace/storage"
import { DateTime } from "effect"
import * as JobText from "../src/JobText.ts"

describe("JobText", () => {
  it("rounds shares down, so that 100 % means done", () => {
    assert.strictEqual(JobText.percent(0.999), "99 %")
    assert.strictEqual(JobText.percent(1), "100 %")
  })

  it("lists every reason of an explanation below the state, in the words of the server", () => {
    const text = JobText.explanation({
      id: JobId.makeUnsafe(7),
      state: "available",
      at: DateTime.makeUnsafe(0),
      reasons: [{ tag: "BehindInTenant", text: "the first", count: 1 }, { tag: "WouldRunNow", text: "the second" }]
    })
    assert.strictEqual(text, "job 7 is available\n- the first\n- the second")
  })
})
