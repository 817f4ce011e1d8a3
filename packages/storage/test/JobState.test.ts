import { assert, describe, it } from "@effect/vitest"
import * as JobState from "../src/JobState.ts"

describe("JobState", () => {
  it("has a way from every state to an end", () => {
    for (const start of JobState.states) {
      const reached = new Set<JobState.JobState>([start])
      for (const state of reached) for (const next of JobState.transitions[state]) reached.add(next)
      assert.isTrue([...reached].some(JobState.isTerminal), start)
    }
  })

  it("reaches every state from a new job", () => {
    const reached = new Set<JobState.JobState>(["pending", "scheduled", "available"])
    for (const state of reached) for (const next of JobState.transitions[state]) reached.add(next)
    assert.deepStrictEqual([...reached].toSorted(), JobState.states.toSorted())
  })

  it("starts a job only when it is available, and ends a completed one for good", () => {
    assert.deepStrictEqual(JobState.states.filter((from) => JobState.isLegal(from, "running")), ["available"])
    assert.deepStrictEqual(JobState.states.filter((to) => JobState.isLegal("completed", to)), [])
    assert.isFalse(JobState.isLegal("dead", "running"))
    assert.isFalse(JobState.isLegal("retryable", "completed"))
  })

  it("names no state as its own successor", () => {
    for (const state of JobState.states) assert.isFalse(JobState.isLegal(state, state))
  })

  it("calls completed, cancelled and dead ended", () => {
    assert.deepStrictEqual(JobState.states.filter(JobState.isTerminal), ["completed", "cancelled", "dead"])
  })
})
