import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Alert from "../src/Alert.ts"

describe("Alert", () => {
  it("knows five rules, and no other", () => {
    const isRule = Schema.is(Alert.AlertRule)
    assert.isTrue(["depth", "oldest", "running", "dead-rate", "no-worker"].every((rule) => isRule(rule)))
    assert.isFalse(isRule("slow"))
  })

  it("takes no value that is not finite", () => {
    const finding = { rule: "depth", queue: "mail", name: "", value: 3, threshold: 2 }
    assert.isTrue(Schema.is(Alert.Finding)(finding))
    assert.isFalse(Schema.is(Alert.Finding)({ ...finding, value: Number.NaN }))
  })
})
