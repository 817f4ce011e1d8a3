import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { slotsOf, WorkerRecord } from "../src/WorkerRecord.ts"
import { instant } from "./Fixture.ts"

const codec = Schema.toCodecJson(WorkerRecord)

describe("WorkerRecord", () => {
  it("survives JSON", () => {
    const worker: WorkerRecord = {
      id: "w1",
      info: { host: "h", pid: 1, release: "r", queues: ["a"], names: [], concurrency: 10 },
      startedAt: instant,
      renewedAt: instant,
      expiresAt: instant,
      running: 3
    }
    assert.deepStrictEqual(
      Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(worker)))),
      worker
    )
  })

  it("has slots of each queue, or of all together where it did not say", () => {
    const info = { host: "h", pid: 1, release: "r", queues: ["a", "b"], names: [], concurrency: 10 }
    assert.strictEqual(slotsOf(info, "a"), 10)
    assert.deepStrictEqual(["a", "b"].map((queue) => slotsOf({ ...info, slots: { a: 7, b: 3 } }, queue)), [7, 3])
    assert.strictEqual(slotsOf({ ...info, slots: {} }, "toString"), 10)
  })
})
