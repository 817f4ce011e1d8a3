import { assert, describe, it } from "@effect/vitest"
import { Bounds, JobId } from "@millrace/storage"
import type { Claim } from "@millrace/storage"
import * as Fixture from "../src/Fixture.ts"

describe("Fixture", () => {
  it("makes jobs that every storage takes, with the fields that are asked for", () => {
    const job = Fixture.newJob({ tenant: "acme", priority: 1 })
    assert.isNull(Bounds.checkJobs([Fixture.newJob(), job], Fixture.startMillis))
    assert.deepStrictEqual(job, { ...Fixture.newJob(), tenant: "acme", priority: 1 })
  })

  it("makes workers that handle the jobs it makes", () => {
    const info = Fixture.workerInfo({ host: "other" })
    assert.strictEqual(info.host, "other")
    assert.include(info.queues, Fixture.newJob().queue)
    assert.include(info.names, Fixture.newJob().name)
  })

  it("begins at the start of 2026", () => {
    assert.strictEqual(new Date(Fixture.startMillis).toISOString(), "2026-01-01T00:00:00.000Z")
  })

  it("settles a claim by its own fence", () => {
    const claim = {
      ...Fixture.newJob(),
      id: JobId.makeUnsafe(7),
      leaseId: "l",
      token: 3,
      attempt: 1,
      failures: 0,
      crashes: 0,
      uniqueKey: "k",
      createdAtMillis: 0,
      hasReport: true
    } satisfies Claim.Claim
    for (const make of Object.values(Fixture.outcomes)) {
      const outcome = make()
      assert.deepStrictEqual(Fixture.settlement(claim, outcome, { endedAfterMillis: 9 }), {
        id: claim.id,
        leaseId: "l",
        token: 3,
        outcome,
        startedAfterMillis: 0,
        endedAfterMillis: 9,
        uniqueKey: "k",
        hasReport: true
      })
    }
  })
})
