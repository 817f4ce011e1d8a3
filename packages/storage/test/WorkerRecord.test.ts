import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { WorkerRecord } from "../src/WorkerRecord.ts"
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
})
