import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as AlertRules from "../src/AlertRules.ts"
import { probe, sample, worker } from "./sampleFixture.ts"

const now = DateTime.makeUnsafe(1_767_225_600_000)
const thresholds = { depth: 10, oldestMillis: 1000, runningMillis: 2000, deadRate: 0.5 }

const rulesOf = (seen: Partial<Parameters<typeof AlertRules.evaluate>[1]>) =>
  AlertRules.evaluate(thresholds, { samples: [], probes: [], workers: [], now, ...seen }).map((
    { queue, rule, value }
  ) => [
    rule,
    queue,
    value
  ])

describe("AlertRules", () => {
  it("find what is above a threshold, and nothing at it", () => {
    const at = sample({
      counts: { available: 10 },
      oldestWaitingMillis: 1000,
      longestRunningMillis: 2000,
      completed: 10,
      dead: 10
    })
    assert.deepStrictEqual(rulesOf({ samples: [at] }), [])
    const above = sample({
      counts: { available: 11 },
      oldestWaitingMillis: 1001,
      longestRunningMillis: 2001,
      completed: 5,
      dead: 15
    })
    assert.deepStrictEqual(rulesOf({ samples: [above] }), [
      ["depth", "mail", 11],
      ["oldest", "mail", 1001],
      ["running", "mail", 2001],
      ["dead-rate", "mail", 0.75]
    ])
  })

  it("judge no rate by fewer than twenty jobs, and neither all queues together nor the one of the alerts", () => {
    assert.deepStrictEqual(rulesOf({ samples: [sample({ dead: 19 })] }), [])
    for (const queue of ["", "millrace"]) {
      assert.deepStrictEqual(rulesOf({ samples: [sample({ queue, dead: 90 })] }), [])
    }
  })

  it("find names that wait where no live worker serves them", () => {
    const probes = [probe({ waitingNames: ["Digest", "SendMail"] }), probe({ queue: "", waitingNames: ["Digest"] })]
    const serving = worker({ queues: ["mail"], names: ["SendMail", "Digest"] }, DateTime.add(now, { seconds: 1 }))
    assert.deepStrictEqual(rulesOf({ probes, workers: [serving] }), [])
    const elsewhere = worker({ queues: ["bulk"], names: ["Digest"] }, DateTime.add(now, { seconds: 1 }))
    const gone = worker({ queues: ["mail"], names: ["SendMail"] }, now)
    assert.deepStrictEqual(rulesOf({ probes, workers: [elsewhere, gone] }), [
      ["no-worker", "mail", 0],
      ["no-worker", "mail", 0]
    ])
  })

  it("find a hundred at most", () => {
    const waitingNames = Array.from({ length: 150 }, (_, n) => `Job${n}`)
    assert.lengthOf(rulesOf({ probes: [probe({ waitingNames })] }), 100)
  })

  it("say in a line what an alert is about", () => {
    const say = (rule: Parameters<typeof AlertRules.describe>[0]["rule"], value: number, threshold: number) =>
      AlertRules.describe({ rule, queue: "mail", name: "Digest", value, threshold })
    assert.strictEqual(say("depth", 12, 10), "12 jobs are available in mail, more than 10")
    assert.strictEqual(say("oldest", 61_000, 60_000), "a job of mail has been due for 61 s, longer than 60 s")
    assert.strictEqual(say("running", 61_000, 60_000), "a job of mail has been claimed for 61 s, longer than 60 s")
    assert.strictEqual(say("dead-rate", 0.256, 0.1), "25.6 % of the jobs that ended in mail died, more than 10 %")
    assert.strictEqual(say("no-worker", 0, 1), "jobs named Digest wait in mail, and no live worker serves them")
  })
})
