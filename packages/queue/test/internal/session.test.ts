import { assert, describe, it } from "@effect/vitest"
import * as Session from "../../src/internal/session.ts"

describe("session", () => {
  it("may claim only while it is registered and within its lease", () => {
    const session = Session.make("w/1")
    assert.isFalse(Session.mayClaim(session))
    session.state = "live"
    assert.isTrue(Session.mayClaim(session))
    session.isFenced = true
    assert.isFalse(Session.mayClaim(session))
  })

  it("is idle when it holds nothing and waits for no claim's reply", () => {
    const session = Session.make("w/1")
    assert.isTrue(Session.isIdle(session))
    session.claiming = 1
    assert.isFalse(Session.isIdle(session))
    session.claiming = 0
    session.held = 1
    assert.isFalse(Session.isIdle(session))
  })

  it("is over from its deadline on, and before it is registered", () => {
    const session = Session.make("w/1")
    assert.isTrue(Session.isOver(session, 0))
    session.deadlineMillis = 11_000
    assert.isFalse(Session.isOver(session, 10_999))
    assert.isTrue(Session.isOver(session, 11_000))
  })

  it("reckons its deadline from before the request was sent, less the margin", () => {
    assert.strictEqual(Session.deadlineMillis(1_000, 12_000, 1 / 6), 11_000)
  })
})
