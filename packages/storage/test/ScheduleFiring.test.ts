import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as JobId from "../src/JobId.ts"
import * as ScheduleFiring from "../src/ScheduleFiring.ts"
import type { Overlap, Schedule, ScheduledJob } from "../src/ScheduleRecord.ts"
import type { Firing } from "../src/ScheduleStorage.ts"

const job: ScheduledJob = {
  name: "Report",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: {},
  ttlMillis: null,
  maxAttempts: 3,
  timeoutMillis: null,
  retry: null,
  unique: null,
  debounce: null,
  limits: [],
  tags: []
}

const schedule = (overlap: Overlap): Schedule => ({
  name: "s",
  owner: null,
  timing: { _tag: "Once", atMillis: 0 },
  job,
  jitterMillis: 0,
  overlap,
  misfire: { _tag: "Skip" },
  nextAt: null,
  pausedAt: null,
  declaredAt: null,
  droppedAt: null
})

const firing = (millis: number, fields: Partial<Firing> = {}): Firing => ({
  instant: DateTime.makeUnsafe(millis),
  runAt: DateTime.makeUnsafe(millis),
  kind: "due",
  overlap: true,
  outcome: "fired",
  missed: 0,
  ...fields
})

const outcomes = (
  overlap: Overlap,
  firings: ReadonlyArray<Firing>,
  isPreviousLive: boolean,
  seen: (millis: number) => "fired" | "passed" | null = () => null
) => {
  const { cancelsPrevious, entries } = ScheduleFiring.plan(schedule(overlap), firings, seen, isPreviousLive)
  return [entries.map((entry) => entry.outcome).join(" "), cancelsPrevious]
}

const three = [firing(1), firing(2), firing(3)]

describe("a plan of firings", () => {
  it("fires all with queue, the first with skip, the last with cancelPrevious", () => {
    assert.deepStrictEqual(outcomes("queue", three, true), ["fired fired fired", false])
    assert.deepStrictEqual(outcomes("skip", three, false), ["fired overlapped overlapped", false])
    assert.deepStrictEqual(outcomes("skip", three, true), ["overlapped overlapped overlapped", false])
    assert.deepStrictEqual(outcomes("cancelPrevious", three, false), ["overlapped overlapped fired", false])
    assert.deepStrictEqual(outcomes("cancelPrevious", three, true), ["overlapped overlapped fired", true])
  })

  it("asks the policy only where it is to be asked", () => {
    const forced = [firing(1, { overlap: false }), firing(2, { outcome: "missed" }), firing(3, { overlap: false })]
    assert.deepStrictEqual(outcomes("skip", forced, true), ["fired missed fired", false])
    assert.deepStrictEqual(outcomes("cancelPrevious", forced, true), ["fired missed fired", false])
  })

  it("leaves out what was fired before, and what passed unless it is fired now", () => {
    const seen = (millis: number) => millis === 1 ? "fired" : millis === 2 ? "passed" : null
    assert.deepStrictEqual(outcomes("queue", three, false, seen), ["fired fired", false])
    const missed = three.map((one) => ({ ...one, outcome: "missed" as const }))
    assert.deepStrictEqual(outcomes("queue", missed, false, seen), ["missed", false])
    assert.deepStrictEqual(outcomes("queue", [firing(1, { kind: "trigger" })], false, seen), ["fired", false])
  })
})

describe("the job of a firing", () => {
  it("is due at once, or later when the instant asks for it", () => {
    const now = DateTime.makeUnsafe(10)
    assert.deepStrictEqual(ScheduleFiring.jobOf(schedule("queue"), firing(10), now), {
      ...job,
      delayMillis: 0,
      runAt: null
    })
    const later = ScheduleFiring.jobOf(schedule("queue"), firing(11), now)
    assert.deepStrictEqual(later.runAt, DateTime.makeUnsafe(11))
  })

  it("decides the outcome by what became of it", () => {
    const id = JobId.makeUnsafe(1)
    assert.strictEqual(ScheduleFiring.outcomeOf("fired", { _tag: "Enqueued", id }), "fired")
    assert.strictEqual(ScheduleFiring.outcomeOf("fired", { _tag: "Duplicate", id }), "duplicate")
    assert.strictEqual(ScheduleFiring.outcomeOf("fired", null), "refused")
    assert.strictEqual(ScheduleFiring.outcomeOf("missed", null), "missed")
  })
})
