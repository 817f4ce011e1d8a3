/**
 * The judge of the crash harness, on planted crimes: one for every rule.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Execution } from "../src/crash/CrashLedger.ts"
import * as FaultPlan from "../src/crash/FaultPlan.ts"
import * as PeerStorm from "../src/crash/PeerStorm.ts"
import * as PeerVerdict from "../src/crash/PeerVerdict.ts"
import * as StormSettings from "../src/crash/StormSettings.ts"
import * as Verdict from "../src/crash/Verdict.ts"

const execution = (more: Partial<Execution> = {}): Execution => ({
  id: 1,
  token: 1,
  leaseId: "7.1.1",
  by: "worker-1.1",
  startedMillis: 100,
  endedMillis: 150,
  how: "completed",
  isSettled: true,
  ...more
})

const cut = { endedMillis: null, how: null, isSettled: false } as const

const job = { id: 1, state: "completed", token: 1, crashes: 0, kind: "plain", resultToken: 1, tag: null }

const attempt = { jobId: 1, token: 1, outcome: "crashed", workerId: "w" }

const life = (name: string, fate: Verdict.Life["fate"], freezes: Verdict.Life["freezes"] = []): Verdict.Life => ({
  name,
  fate,
  freezes,
  startedMillis: 0,
  endedMillis: null
})

const nothingLeft = { leases: 0, workers: 2, uniqueKeys: 0, prepared: 0, waitingLocks: 0 }

const judge = (
  evidence: Partial<Omit<Verdict.Evidence, "stored">> & { readonly stored?: Partial<Verdict.Evidence["stored"]> }
) =>
  Verdict.judge({
    acknowledged: new Set([1]),
    executions: [execution()],
    lives: [life("worker-1.1", null), life("worker-2.1", null), life("worker-3.1", "killed")],
    stale: { tried: 9, accepted: [] },
    livingWorkers: 2,
    ...evidence,
    stored: { jobs: [job], attempts: [], effects: [], leftovers: nothingLeft, ...evidence.stored }
  })

const rulesOf = (verdict: Verdict.Verdict) => [...new Set(verdict.violations.map(({ rule }) => rule))]

/** A job that was killed with its first worker and completed by the second. */
const repeatedOnce = {
  executions: [
    execution({ by: "worker-3.1", ...cut }),
    execution({ token: 2, by: "worker-2.1", startedMillis: 900, endedMillis: 950 })
  ],
  stored: { jobs: [{ ...job, token: 2, crashes: 1, resultToken: 2 }], attempts: [attempt] }
}

describe("the verdict", () => {
  it("finds nothing wrong with a job that ran once", () => {
    const verdict = judge({})
    assert.deepStrictEqual(verdict.violations, [])
    assert.deepInclude(verdict, { acknowledged: 1, survived: 1, lost: 0, stuck: 0, reExecutions: 0 })
  })

  it("allows a second execution of a job that was in flight at a kill", () => {
    const verdict = judge(repeatedOnce)
    assert.deepStrictEqual(verdict.violations, [])
    assert.deepInclude(verdict, { reExecutions: 1, reExecutionsBound: 1, reExecutionsUnexplained: 0 })
  })

  it("allows one of a job that was in flight at a freeze, but not of one that was started after it", () => {
    const frozen = [{ fromMillis: 120, untilMillis: 300 }]
    const lives = [life("worker-3.1", null, frozen), life("worker-2.1", null)]
    assert.deepStrictEqual(judge({ ...repeatedOnce, lives }).violations, [])
    const [first, second] = repeatedOnce.executions
    const startedAt = (startedMillis: number) => {
      const executions = [execution({ ...first, startedMillis, ...cut }), execution(second)]
      return rulesOf(judge({ ...repeatedOnce, lives, executions }))
    }
    // The freeze fell between the look at the lease and the first line of the handler.
    assert.deepStrictEqual(startedAt(310), [])
    assert.deepStrictEqual(startedAt(600), ["unexplainedReExecution"])
  })

  it("finds a job that is not stored, and one that has not ended", () => {
    const lost = judge({ executions: [], stored: { jobs: [] } })
    assert.deepStrictEqual([rulesOf(lost), lost.lost, lost.survived], [["lost"], 1, 0])
    const stuck = judge({ executions: [], stored: { jobs: [{ ...job, state: "available", resultToken: null }] } })
    assert.deepStrictEqual([rulesOf(stuck), stuck.stuck, stuck.survived], [["stuck"], 1, 0])
  })

  it("finds an execution again that no kill explains, as after a crash of the database", () => {
    const [first, second] = repeatedOnce.executions
    const verdict = judge({
      ...repeatedOnce,
      executions: [execution({ ...first, by: "worker-1.1", endedMillis: 150, how: "completed" }), execution(second)]
    })
    assert.deepStrictEqual(rulesOf(verdict), ["unexplainedReExecution"])
    assert.strictEqual(verdict.reExecutionsUnexplained, 1)
  })

  it("finds an execution again after an answered settlement, although its worker was killed", () => {
    const [first, second] = repeatedOnce.executions
    const executions = [execution({ ...first, endedMillis: 150, how: "completed", isSettled: true }), execution(second)]
    assert.includeMembers(rulesOf(judge({ ...repeatedOnce, executions })), ["repeatedAfterSettled"])
  })

  it("finds two executions at the same time", () => {
    const [first, second] = repeatedOnce.executions
    const executions = [
      execution({ ...first, by: "worker-1.1", endedMillis: 1_000, how: "completed" }),
      execution(second)
    ]
    assert.includeMembers(rulesOf(judge({ ...repeatedOnce, executions })), ["overlap"])
  })

  it("finds writes of old tokens: the result, the end, an accepted probe", () => {
    const stale = { tried: 9, accepted: [{ id: 1, token: 1, write: "Completed" }] }
    assert.deepStrictEqual(rulesOf(judge({ stale })), ["staleAccepted"])
    assert.deepStrictEqual(rulesOf(judge({ stored: { jobs: [{ ...job, resultToken: 0 }] } })), ["staleAccepted"])
    const older = { ...repeatedOnce.stored, jobs: [job] }
    assert.includeMembers(rulesOf(judge({ ...repeatedOnce, stored: older })), ["staleAccepted"])
  })

  it("finds a token that was started twice, and completions of jobs that never ran", () => {
    assert.includeMembers(rulesOf(judge({ executions: [execution(), execution()] })), ["sameTokenTwice"])
    assert.deepStrictEqual(rulesOf(judge({ executions: [] })), ["phantom"])
    assert.deepStrictEqual(rulesOf(judge({ executions: [execution({ how: "interrupted" })] })), ["phantom"])
  })

  it("finds effects that happened twice, or without their completion", () => {
    const transacts = { jobs: [{ ...job, kind: "transacts" }] }
    const effect = { jobId: 1, token: 1 }
    assert.deepStrictEqual(rulesOf(judge({ stored: { ...transacts, effects: [effect] } })), [])
    assert.deepStrictEqual(rulesOf(judge({ stored: transacts })), ["effects"])
    assert.deepStrictEqual(rulesOf(judge({ stored: { ...transacts, effects: [effect, effect] } })), ["effects"])
  })

  it("allows a death by three kills of the running job, and none by fewer", () => {
    const dead = { ...job, state: "dead", token: 3, crashes: 3, resultToken: null, tag: "Crashed" }
    const hit = (token: number) => execution({ token, by: "worker-3.1", ...cut })
    const attempts = [attempt, { ...attempt, token: 2 }]
    const three = { executions: [hit(1), hit(2), hit(3)], stored: { jobs: [dead], attempts } }
    assert.deepStrictEqual(judge(three).violations, [])
    assert.strictEqual(judge(three).deadByKills, 1)
    assert.deepStrictEqual(rulesOf(judge({ ...three, executions: [hit(2), hit(3)] })), ["deadInnocent"])
  })

  it("finds poison that did not die of its crashes, and what is left over", () => {
    assert.deepStrictEqual(rulesOf(judge({ stored: { jobs: [{ ...job, kind: "aborts" }] } })), ["poisonAlive"])
    const leftovers = { ...nothingLeft, leases: 1 }
    assert.deepStrictEqual(rulesOf(judge({ stored: { leftovers } })), ["leftover"])
  })
})

describe("the verdict over peers", () => {
  it("counts what never ended, what ran again, and what no kill explains", () => {
    const lives = [life("worker-1.1", "killed"), life("worker-2.1", null)]
    const again = execution({ token: 2, by: "worker-2.1", startedMillis: 900, endedMillis: 950 })
    const verdict = PeerVerdict.judge(new Set([1, 2]), [execution(cut), again], lives)
    assert.deepStrictEqual(verdict, {
      acknowledged: 2,
      ended: 1,
      unfinished: 1,
      reExecutions: 1,
      inFlight: 1,
      ofFinished: 0,
      byDatabase: 0
    })
    const byDatabase = PeerVerdict.judge(new Set([1]), [execution({ by: "worker-2.1" }), again], lives)
    assert.deepInclude(byDatabase, { reExecutions: 1, ofFinished: 1, byDatabase: 1, inFlight: 0 })
  })
})

describe("the table of peers", () => {
  it("shows a row for each, and who did not drain", () => {
    const verdict = PeerVerdict.judge(new Set([1]), [execution()], [])
    const result = { verdict, kills: 40, databaseCrashes: 10, innocentsLost: 25, innocents: 115 }
    const text = PeerStorm.table([
      { name: "one", drainedSeconds: 3, ...result },
      { name: "other", drainedSeconds: null, ...result }
    ])
    assert.match(text, /^\| one +\| 1 .*\| 3 s .*\| 25 of 115 /m)
    assert.match(text, /^\| other .*\| not in 120 s /m)
  })
})

describe("the plan of faults", () => {
  it("is the same for the same seed, complete, and in the order of time", () => {
    const { faults } = StormSettings.ci
    const plan = FaultPlan.make(5, faults, 1_000)
    assert.deepStrictEqual(plan, FaultPlan.make(5, faults, 1_000))
    assert.notDeepEqual(plan, FaultPlan.make(6, faults, 1_000))
    for (const [name, count] of Object.entries(faults)) {
      assert.strictEqual(plan.filter(({ fault }) => fault === name).length, count)
    }
    assert.isTrue(plan.every(({ atMillis }, at) => at === 0 || (plan[at - 1]?.atMillis ?? 0) <= atMillis))
  })
})
