import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { JobRecord } from "../src/JobRecord.ts"
import * as Fixture from "./Fixture.ts"

const codec = Schema.toCodecJson(JobRecord)
const survive = (record: JobRecord) =>
  Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(record))))

describe("JobRecord", () => {
  it("survives JSON with every value given", () => {
    assert.deepStrictEqual(survive(Fixture.record("7")), Fixture.record("7"))
  })

  it("survives JSON with nothing given that may be missing", () => {
    const { checkpoint: _, ...record } = Fixture.record("7")
    const bare = {
      ...record,
      payload: null,
      result: null,
      error: null,
      timeoutMillis: null,
      retry: null,
      uniqueKey: null,
      workerId: null,
      startedAt: null,
      finishedAt: null,
      progress: null
    }
    assert.deepStrictEqual(survive(bare), bare)
  })

  it("refuses a state that is none, and an id that is none", () => {
    const encoded = Schema.encodeSync(codec)(Fixture.record("7")) as object
    for (const wrong of [{ state: "failed" }, { id: "x" }, { token: 1.5 }]) {
      assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(codec)({ ...encoded, ...wrong })))
    }
  })
})
