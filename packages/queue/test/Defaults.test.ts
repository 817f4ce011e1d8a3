import { assert, describe, it } from "@effect/vitest"
import * as Defaults from "../src/Defaults.ts"
import * as Loop from "../src/internal/loop.ts"
import * as Renewer from "../src/internal/renewer.ts"

describe("Defaults", () => {
  it("leave room for two failed renewals within a lease", () => {
    const slowest = Renewer.pauseMillis(Defaults.leaseMillis, 0)
    assert.isAtMost(2 * slowest, Defaults.leaseMillis * (1 - Defaults.leaseMarginShare))
  })

  it("let every other worker hear of the end of a lease at least twice before it comes", () => {
    const slowest = Renewer.pauseMillis(Defaults.leaseMillis, 0)
    assert.isAtLeast(Defaults.leaseMillis / slowest, 2)
    assert.isAtMost(Loop.spreadMillis(Defaults.reclaimMillis, 1), Defaults.leaseMillis / 2)
  })

  it("bring a worker back within 5 seconds of its storage", () => {
    assert.isAtMost(Loop.backoffMillis(1_000, 1) + Loop.spreadMillis(Defaults.pollMillis, 1), 5_000)
  })

  it("order the named priorities, and stay within the port's limits", () => {
    const { high, low, normal, urgent } = Defaults.priorities
    assert.isTrue(urgent < high && high < normal && normal < low)
    assert.isAtMost(Defaults.claimBatch, 1_000)
    assert.isAtMost(Defaults.insertBatch, 1_000)
  })
})
