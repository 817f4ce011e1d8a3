import { assert, describe, it } from "@effect/vitest"
import { JobId, JobState } from "@millrace/storage"
import type { Attempt, JobRecord, Storage } from "@millrace/storage"
import { DateTime } from "effect"
import * as Fixture from "../../../src/Fixture.ts"
import { checkAll, checkHistory, checkJob } from "../../../src/internal/model/invariants.ts"

const instant = DateTime.makeUnsafe(Fixture.startMillis)

const record = (state: JobState.JobState, fields: Partial<JobRecord.JobRecord> = {}): JobRecord.JobRecord => ({
  ...Fixture.newJob(),
  id: JobId.makeUnsafe(1),
  state,
  result: null,
  error: null,
  attempt: state === "running" || state === "completed" ? 1 : 0,
  failures: 0,
  crashes: 0,
  token: 1,
  uniqueKey: null,
  workerId: state === "running" ? "w1" : null,
  createdAt: instant,
  runAt: instant,
  startedAt: null,
  finishedAt: JobState.isTerminal(state) || state === "quarantined" ? instant : null,
  progress: null,
  ...fields
})

const attempt = (token: number, outcome: Attempt.AttemptOutcome): Attempt.Attempt => ({
  attempt: 1,
  token,
  workerId: "w1",
  claimedAt: instant,
  startedAt: null,
  finishedAt: outcome === "running" ? null : instant,
  outcome,
  error: null
})

const counts = (fields: Partial<Storage.QueueCounts["counts"]>): Storage.Overview => ({
  queues: [{
    queue: "default",
    paused: false,
    counts: {
      ...Object.fromEntries(JobState.states.map((state) => [state, 0])) as Storage.QueueCounts["counts"],
      ...fields
    }
  }],
  workers: []
})

describe("invariants", () => {
  it("take every legal step and no other", () => {
    for (const from of JobState.states) {
      for (const to of JobState.states) {
        const finding = checkJob(record(from), record(to))
        if (from === to || JobState.isLegal(from, to)) assert.isNull(finding, `${from} ${to}`)
        else assert.strictEqual(finding, `went from ${from} to ${to}`)
      }
    }
  })

  it("let tokens rise by one only", () => {
    assert.isNull(checkJob(record("available"), record("running", { token: 2 })))
    for (const token of [0, 3]) {
      assert.match(checkJob(record("available"), record("running", { token })) ?? "", /token 1/)
    }
  })

  it("want a worker for a running job only, an end for a finished one only", () => {
    assert.match(checkJob(undefined, record("running", { workerId: null })) ?? "", /without a worker/)
    assert.match(checkJob(undefined, record("available", { workerId: "w1" })) ?? "", /waits with a worker/)
    assert.match(checkJob(undefined, record("dead", { finishedAt: null })) ?? "", /end/)
    assert.match(checkJob(undefined, record("available", { finishedAt: instant })) ?? "", /end/)
  })

  it("want attempts to add up", () => {
    assert.isNull(checkJob(undefined, record("running", { attempt: 4, failures: 2, crashes: 1 })))
    for (const attempt of [2, 5]) {
      assert.match(checkJob(undefined, record("running", { attempt, failures: 2, crashes: 1 })) ?? "", /3 spent/)
    }
  })

  it("want one live holder of a unique key, and counts that fit", () => {
    const live = record("available", { uniqueKey: "k" })
    const over = record("dead", { uniqueKey: "k" })
    assert.isNull(checkAll([live, over, over], counts({ available: 1, dead: 2 })))
    assert.match(checkAll([live, live], counts({ available: 2 })) ?? "", /unique key/)
    assert.match(checkAll([live, over], counts({ available: 1 })) ?? "", /counts 0 dead in default where 1/)
  })

  it("want one attempt for every claim, and only the last under way", () => {
    const job = record("running", { token: 2 })
    assert.isNull(checkHistory(job, [attempt(1, "failed"), attempt(2, "running")]))
    assert.match(checkHistory(job, [attempt(2, "running")]) ?? "", /tokens 2 after 2/)
    assert.match(checkHistory(job, [attempt(2, "running"), attempt(1, "failed")]) ?? "", /tokens 2,1/)
    assert.match(checkHistory(job, [attempt(1, "failed"), attempt(2, "failed")]) ?? "", /0 attempts run/)
    const open = { ...attempt(1, "failed"), finishedAt: null }
    assert.match(checkHistory(record("retryable"), [open]) ?? "", /without an instant/)
  })
})
