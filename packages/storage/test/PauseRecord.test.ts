import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PauseRecord } from "../src/PauseRecord.ts"
import { instant } from "./Fixture.ts"

describe("PauseRecord", () => {
  it("is JSON and comes back from it", () => {
    const codec = Schema.toCodecJson(PauseRecord)
    const pause: PauseRecord = { what: "limit", name: "mail", key: null, since: instant, until: instant }
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(pause)))
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(json), pause)
  })

  it("knows what can be paused", () => {
    assert.isFalse(Schema.is(PauseRecord)({ what: "worker", name: "w", key: null, since: instant, until: null }))
  })
})
