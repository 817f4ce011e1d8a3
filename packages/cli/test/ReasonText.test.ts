import { assert, describe, it } from "@effect/vitest"
import type { AdmissionView } from "@millrace/api"
import { JobId } from "@millrace/storage"
import { DateTime } from "effect"
import * as ReasonText from "../src/ReasonText.ts"

const at = DateTime.makeUnsafe("2026-11-22T08:00:00Z")
const id = JobId.makeUnsafe

const sentences: ReadonlyArray<readonly [reason: AdmissionView.ReasonView, sentence: RegExp]> = [
  [{ tag: "Paused", what: "tenant", key: "t1", since: at }, /^the tenant t1 is paused since 2026-11-22 08:00:00Z$/],
  [{ tag: "ScheduledUntil", at, why: "retryable" }, /due at 2026-11-22 08:00:00Z, for its next attempt/],
  [
    {
      tag: "LimitFull",
      name: "l",
      key: "k",
      kind: "concurrency",
      max: 5,
      holders: [1, 2, 3, 4, 5, 6].map((n) => id(n))
    },
    /^the limit l \(k\) is full: 5 at a time, held by job 1, 2, 3, 4, 5 and 1 more$/
  ],
  [{ tag: "RateRefillsAt", name: "l", key: "k", at }, /no permits left until/],
  [{ tag: "LimitPaused", name: "l", key: null, since: at, until: null }, /paused until it is resumed/],
  [{ tag: "LimitUndeclared", name: "l" }, /declared the limit l/],
  [{ tag: "BehindInTenant", count: 7 }, /^7 jobs/],
  [{ tag: "WorkersBusy", workers: 2, slots: 20 }, /all 20 slots of 2 workers/],
  [{ tag: "WaitingForParents", parents: [id(9)] }, /waits for job 9/],
  [{ tag: "NoWorker", name: "n", version: 2, reason: "none" }, /no worker is alive/],
  [{ tag: "NoWorker", name: "n", version: 2, reason: "queue" }, /works for its queue/],
  [{ tag: "NoWorker", name: "n", version: 2, reason: "name" }, /handler of n/],
  [{ tag: "NoWorker", name: "n", version: 2, reason: "version" }, /version 2 of n/],
  [{ tag: "SuspectIsolation", crashes: 2 }, /died 2 times/],
  [{ tag: "Expired", at }, /time to live ended/],
  [{ tag: "Running", workerId: null, since: at }, /runs since .* on a worker/],
  [{ tag: "Quarantined", error: null }, /can not be read/],
  [{ tag: "Finished", state: "dead" }, /^it is dead$/],
  [{ tag: "WouldRunNow" }, /the next claim takes it/]
]

describe("ReasonText", () => {
  for (const [reason, sentence] of sentences) {
    it(`has a sentence for ${JSON.stringify(reason).slice(0, 60)}`, () => {
      assert.match(ReasonText.reason(reason), sentence)
    })
  }

  it("lists every reason below the state", () => {
    const text = ReasonText.explanation({
      id: id(7),
      state: "available",
      at,
      reasons: [{ tag: "BehindInTenant", count: 1 }, { tag: "WouldRunNow" }]
    })
    assert.match(text, /^job 7 is available\n- 1 jobs.*\n- nothing/)
  })
})
