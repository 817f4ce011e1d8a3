import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as AdmissionApi from "../src/AdmissionApi.ts"

const takes = (schema: Schema.ConstraintCodec<unknown, unknown>, body: unknown) =>
  Schema.decodeUnknownResult(Schema.toCodecJson(schema), { onExcessProperty: "error" })(body)._tag === "Success"

describe("AdmissionApi", () => {
  it("takes weights from 0.01 to 100, and null", () => {
    for (const weight of [0.01, 1, 100, null]) assert.isTrue(takes(AdmissionApi.TenantWeight, { weight }), `${weight}`)
    for (const weight of [0, 101, "1", undefined]) {
      assert.isFalse(takes(AdmissionApi.TenantWeight, { weight }), `${weight}`)
    }
  })

  it("takes overrides of any part of a limit, and nothing else", () => {
    assert.isTrue(takes(AdmissionApi.LimitOverride, { max: 0 }))
    assert.isTrue(takes(AdmissionApi.LimitOverride, { key: "s1", per: "1 minute", burst: 1, during: "1 hour" }))
    for (const wrong of [{ max: -1 }, { burst: 0 }, { during: "soon" }, { maximum: 1 }]) {
      assert.isFalse(takes(AdmissionApi.LimitOverride, wrong), JSON.stringify(wrong))
    }
  })
})
