import { assert, describe, it } from "@effect/vitest"
import type { ExplainFacts, LimitFacts } from "@millrace/storage/Inspection"
import * as JobId from "@millrace/storage/JobId"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { WorkerRecord } from "@millrace/storage/WorkerRecord"
import { DateTime, Schema } from "effect"
import * as Explanation from "../src/Explanation.ts"

type Tagged<Tag extends Explanation.Reason["_tag"]> = Extract<Explanation.Reason, { readonly _tag: Tag }>

const at = (millis: number) => DateTime.makeUnsafe(millis)
const id = (number: number) => JobId.makeUnsafe(number)

const job: JobRecord = {
  id: id(7),
  name: "Send",
  version: 2,
  state: "available",
  queue: "mail",
  tenant: "acme",
  priority: 50,
  payload: {},
  result: null,
  error: null,
  attempt: 0,
  failures: 0,
  crashes: 0,
  maxAttempts: 25,
  timeoutMillis: null,
  retry: null,
  uniqueKey: null,
  tags: [],
  token: 0,
  workerId: null,
  createdAt: at(0),
  runAt: at(0),
  startedAt: null,
  finishedAt: null,
  progress: null
}

const worker = (info: Partial<WorkerRecord["info"]> = {}, running = 0): WorkerRecord => ({
  id: "w1",
  info: {
    host: "h",
    pid: 1,
    release: "",
    queues: ["mail"],
    names: ["Send"],
    handles: [{ name: "Send", versionMin: 1, versionMax: 2 }],
    concurrency: 10,
    ...info
  },
  startedAt: at(0),
  renewedAt: at(0),
  expiresAt: at(99_000),
  running
})

const limit = (changes: Partial<LimitFacts>): LimitFacts => ({
  name: "per-store",
  key: "berlin",
  weight: 1,
  rule: { name: "per-store", kind: "concurrency", max: 2, perMillis: null, burst: null },
  isOpen: false,
  held: 2,
  holders: [id(3), id(4)],
  tokens: null,
  opensAt: null,
  ...changes
})

const facts = (
  changes: Partial<Omit<ExplainFacts, "job">> & { readonly job?: Partial<JobRecord> } = {}
): ExplainFacts => ({
  now: at(10_000),
  expiresAt: null,
  isSuspect: false,
  pauses: [],
  limits: [],
  ahead: 0,
  workers: [worker()],
  parents: [],
  ...changes,
  job: { ...job, ...changes.job }
})

const parents = (...ids: ReadonlyArray<number>) => ids.map((n) => ({ id: id(n), state: "running" as const }))

const reasons = (changes?: Parameters<typeof facts>[0]) => Explanation.fromFacts(facts(changes)).reasons

const lines = (changes?: Parameters<typeof facts>[0]) => reasons(changes).map(Explanation.describe)

describe("Explanation", () => {
  it("says that a job would run now when nothing is in its way", () => {
    assert.deepStrictEqual(Explanation.fromFacts(facts()), {
      id: id(7),
      state: "available",
      at: at(10_000),
      reasons: [{ _tag: "WouldRunNow" }]
    })
    assert.deepStrictEqual(lines(), ["it would run now"])
    assert.deepStrictEqual(reasons({ limits: [limit({ isOpen: true })] }), [{ _tag: "WouldRunNow" }])
    // A job that became due and was not promoted yet.
    assert.deepStrictEqual(reasons({ job: { state: "scheduled", runAt: at(9_999) } }), [{ _tag: "WouldRunNow" }])
  })

  it("names every pause with what it pauses and since when", () => {
    const since = at(5_000)
    const pauses = [
      { what: "queue", name: "mail", key: null, since, until: null },
      { what: "tenant", name: "acme", key: null, since, until: null },
      { what: "tenant", name: "", key: null, since, until: null },
      { what: "name", name: "Send", key: null, since, until: null },
      { what: "limit", name: "openai", key: null, since, until: at(30_000) },
      { what: "limit", name: "openai", key: "k", since, until: null }
    ] as const
    assert.deepStrictEqual(reasons({ pauses }), [
      { _tag: "Paused", what: "queue", key: "mail", since },
      { _tag: "Paused", what: "tenant", key: "acme", since },
      { _tag: "Paused", what: "tenant", key: "", since },
      { _tag: "Paused", what: "name", key: "Send", since },
      { _tag: "LimitPaused", name: "openai", key: null, since, until: at(30_000) },
      { _tag: "LimitPaused", name: "openai", key: "k", since, until: null }
    ])
    assert.deepStrictEqual(lines({ pauses }), [
      "the queue mail is paused since 1970-01-01T00:00:05.000Z; resume it to go on",
      "the tenant acme is paused since 1970-01-01T00:00:05.000Z; resume it to go on",
      "work without a tenant is paused since 1970-01-01T00:00:05.000Z; resume it to go on",
      "the job Send is paused since 1970-01-01T00:00:05.000Z; resume it to go on",
      "the limit openai is paused since 1970-01-01T00:00:05.000Z, until 1970-01-01T00:00:30.000Z",
      "the limit openai for k is paused since 1970-01-01T00:00:05.000Z, until it is resumed"
    ])
  })

  it("tells of a paused limit that it is full only when it is", () => {
    const since = at(5_000)
    const pauses = [{ what: "limit", name: "per-store", key: null, since, until: null } as const]
    const tags = (changes: Partial<LimitFacts>) => reasons({ pauses, limits: [limit(changes)] }).map(({ _tag }) => _tag)
    assert.deepStrictEqual(tags({ held: 1 }), ["LimitPaused"])
    assert.deepStrictEqual(tags({ held: 2 }), ["LimitPaused", "LimitFull"])
    const rule = { name: "per-store", kind: "rate", max: 9, perMillis: 1_000, burst: 9 } as const
    assert.deepStrictEqual(tags({ rule, tokens: 1, opensAt: at(10_000) }), ["LimitPaused"])
    assert.deepStrictEqual(tags({ rule, tokens: 0.5, opensAt: at(10_050) }), ["LimitPaused", "RateRefillsAt"])
    const order = { name: "per-store", kind: "order", max: 1, perMillis: null, burst: null } as const
    assert.deepStrictEqual(tags({ rule: order, held: 0, holders: [] }), ["LimitPaused"])
    assert.deepStrictEqual(tags({ rule: order, held: 1, holders: [id(3)] }), ["LimitPaused", "LimitFull"])
  })

  it("tells when a job is due, and whether it waits for a retry", () => {
    const runAt = at(20_000)
    assert.deepStrictEqual(reasons({ job: { state: "scheduled", runAt } }), [
      { _tag: "ScheduledUntil", at: runAt, why: "scheduled" }
    ])
    assert.deepStrictEqual(lines({ job: { state: "retryable", runAt } }), [
      "it failed, and its next attempt is due at 1970-01-01T00:00:20.000Z"
    ])
  })

  it("names the holders of a full limit, the refill of a rate, the turn of an order, and what nobody declared", () => {
    const openai = { name: "openai", kind: "rate", max: 450, perMillis: 60_000, burst: 20 } as const
    const order = { name: "fifo:Send", kind: "order", max: 1, perMillis: null, burst: null } as const
    const limits = [
      limit({}),
      limit({ name: "openai", key: "", rule: openai, held: 0, holders: [], tokens: 0.4, opensAt: at(11_000) }),
      limit({ name: "fifo:Send", key: "acme:k", rule: order, held: 1, holders: [id(5)] }),
      limit({ name: "gone", rule: null, held: 0, holders: [] })
    ]
    assert.deepStrictEqual(reasons({ limits }), [
      { _tag: "LimitFull", name: "per-store", key: "berlin", kind: "concurrency", max: 2, holders: [id(3), id(4)] },
      { _tag: "RateRefillsAt", name: "openai", key: "", at: at(11_000) },
      { _tag: "LimitFull", name: "fifo:Send", key: "acme:k", kind: "order", max: 1, holders: [id(5)] },
      { _tag: "LimitUndeclared", name: "gone" }
    ])
    assert.deepStrictEqual(lines({ limits }), [
      "the limit per-store for berlin of 2 is full: held by job 3, 4",
      "the limit openai has no permits left; it refills at 1970-01-01T00:00:11.000Z",
      "its turn in fifo:Send for acme:k has not come: before it is job 5",
      "nobody declared the limit gone: start a worker whose jobs have it"
    ])
    const many = limit({ holders: [1, 2, 3, 4, 5, 6, 8].map(id) })
    assert.deepStrictEqual(lines({ limits: [many] }), [
      "the limit per-store for berlin of 2 is full: held by job 1, 2, 3, 4, 5 and 2 more"
    ])
  })

  it("tells what no live worker can do", () => {
    const of = (...workers: ReadonlyArray<WorkerRecord>) =>
      reasons({ workers }).map((reason) => reason._tag === "NoWorker" ? reason.reason : reason._tag)
    assert.deepStrictEqual(of(), ["none"])
    assert.deepStrictEqual(of(worker({ queues: ["other"] })), ["queue"])
    assert.deepStrictEqual(of(worker({ names: [], handles: [] })), ["name"])
    const older = worker({ handles: [{ name: "Send", versionMin: 1, versionMax: 1 }] })
    assert.deepStrictEqual(of(older), ["version"])
    assert.deepStrictEqual(of(older, worker()), ["WouldRunNow"])
    const { handles: _handles, ...unknown } = worker().info
    assert.deepStrictEqual(of({ ...worker(), info: unknown }), ["WouldRunNow"])
    assert.deepStrictEqual(
      [[], [worker({ queues: [] })], [worker({ names: [], handles: [] })], [older]].flatMap((workers) =>
        lines({ workers })
      ),
      [
        "no worker is alive",
        "no live worker works for its queue",
        "no live worker of its queue has a handler for Send",
        "no live worker of its queue takes version 2 of Send"
      ]
    )
  })

  it("tells a job's place in line only when there are not slots for all before it", () => {
    assert.deepStrictEqual(reasons({ ahead: 9 }), [{ _tag: "WouldRunNow" }])
    assert.deepStrictEqual(reasons({ ahead: 10 }), [{ _tag: "BehindInTenant", count: 10 }])
    const busy = [worker({}, 10), worker({ concurrency: 5 }, 7)]
    assert.deepStrictEqual(reasons({ workers: busy }), [{ _tag: "WorkersBusy", workers: 2, slots: 15 }])
    assert.deepStrictEqual(lines({ workers: busy }), ["it is next; all 15 slots of 2 workers are taken"])
    assert.deepStrictEqual(lines({ ahead: 1, workers: busy }), ["it stands behind 1 job of its tenant in this queue"])
    // Those before it take what an open limit has left.
    const last = limit({ isOpen: true, held: 1, holders: [id(3)] })
    assert.deepStrictEqual(reasons({ ahead: 1, limits: [last] }), [{ _tag: "BehindInTenant", count: 1 }])
    assert.deepStrictEqual(reasons({ ahead: 0, limits: [last] }), [{ _tag: "WouldRunNow" }])
    const bucket = { name: "r", kind: "rate", max: 9, perMillis: 1_000, burst: 9 } as const
    const full = limit({ rule: bucket, isOpen: true, held: 0, holders: [], tokens: 9, weight: 2 })
    assert.deepStrictEqual(reasons({ ahead: 3, limits: [full] }), [{ _tag: "WouldRunNow" }])
    assert.deepStrictEqual(reasons({ ahead: 4, limits: [full] }), [{ _tag: "BehindInTenant", count: 4 }])
    // What keeps it back otherwise is what matters.
    assert.deepStrictEqual(reasons({ ahead: 1, limits: [limit({})], workers: busy }).map(({ _tag }) => _tag), [
      "LimitFull"
    ])
  })

  it("tells of parents, of suspects, and of a time to live that is over", () => {
    assert.deepStrictEqual(reasons({ job: { state: "pending" }, parents: parents(1, 2) }), [
      { _tag: "WaitingForParents", parents: parents(1, 2) }
    ])
    assert.deepStrictEqual(lines({ job: { state: "pending", runAt: at(20_000) }, parents: parents(1) }), [
      "it waits for 1 job to be completed: job 1 (running)",
      "it is due at 1970-01-01T00:00:20.000Z"
    ])
    assert.deepStrictEqual(lines({ job: { state: "pending" } }), [
      "the jobs that it waited for have ended; within seconds it goes on"
    ])
    assert.deepStrictEqual(reasons({ isSuspect: true, job: { crashes: 2 } }), [{
      _tag: "SuspectIsolation",
      crashes: 2
    }])
    assert.deepStrictEqual(lines({ isSuspect: true, job: { crashes: 1 } }), [
      "its worker died 1 time while it ran: it waits to run alone"
    ])
    assert.deepStrictEqual(reasons({ expiresAt: at(10_000) }), [{ _tag: "Expired", at: at(10_000) }])
    assert.deepStrictEqual(reasons({ expiresAt: at(10_001) }), [{ _tag: "WouldRunNow" }])
  })

  it("tells of a job that does not wait what it does instead", () => {
    assert.deepStrictEqual(reasons({ job: { state: "running", workerId: "w1", startedAt: at(9_000) }, pauses: [] }), [
      { _tag: "Running", workerId: "w1", since: at(9_000) }
    ])
    assert.deepStrictEqual(lines({ job: { state: "running", workerId: "w1", startedAt: at(9_000) } }), [
      "it runs on w1 since 1970-01-01T00:00:09.000Z"
    ])
    const error = { tag: "Undecodable", message: "no field" }
    assert.deepStrictEqual(lines({ job: { state: "quarantined", error } }), [
      "it is quarantined (no field): fix that, then retry it"
    ])
    for (const state of ["completed", "cancelled", "dead"] as const) {
      assert.deepStrictEqual(reasons({ job: { state }, workers: [] }), [{ _tag: "Finished", state }])
      assert.deepStrictEqual(lines({ job: { state } }), [`it is ${state}`])
    }
  })

  // The type asks for a line of every reason: one that is new can not be forgotten.
  const said: { readonly [Tag in Explanation.Reason["_tag"]]: readonly [Tagged<Tag>, string] } = {
    Paused: [
      { _tag: "Paused", what: "tenant", key: "t1", since: at(0) },
      "the tenant t1 is paused since 1970-01-01T00:00:00.000Z; resume it to go on"
    ],
    ScheduledUntil: [
      { _tag: "ScheduledUntil", at: at(0), why: "scheduled" },
      "it is due at 1970-01-01T00:00:00.000Z"
    ],
    LimitFull: [
      { _tag: "LimitFull", name: "l", key: "", kind: "concurrency", max: 5, holders: [] },
      "the limit l of 5 is full: held by nobody known"
    ],
    RateRefillsAt: [
      { _tag: "RateRefillsAt", name: "l", key: "k", at: at(0) },
      "the limit l for k has no permits left; it refills at 1970-01-01T00:00:00.000Z"
    ],
    LimitPaused: [
      { _tag: "LimitPaused", name: "l", key: null, since: at(0), until: null },
      "the limit l is paused since 1970-01-01T00:00:00.000Z, until it is resumed"
    ],
    LimitUndeclared: [
      { _tag: "LimitUndeclared", name: "l" },
      "nobody declared the limit l: start a worker whose jobs have it"
    ],
    BehindInTenant: [
      { _tag: "BehindInTenant", count: 7 },
      "it stands behind 7 jobs of its tenant in this queue"
    ],
    WorkersBusy: [
      { _tag: "WorkersBusy", workers: 1, slots: 20 },
      "it is next; all 20 slots of 1 worker are taken"
    ],
    WaitingForParents: [
      { _tag: "WaitingForParents", parents: parents(9, 10) },
      "it waits for 2 jobs to be completed: job 9 (running), 10 (running)"
    ],
    NoWorker: [
      { _tag: "NoWorker", name: "n", version: 2, reason: "version" },
      "no live worker of its queue takes version 2 of n"
    ],
    SuspectIsolation: [
      { _tag: "SuspectIsolation", crashes: 2 },
      "its worker died 2 times while it ran: it waits to run alone"
    ],
    Expired: [
      { _tag: "Expired", at: at(0) },
      "it had not started by 1970-01-01T00:00:00.000Z and is about to be cancelled"
    ],
    Running: [{ _tag: "Running", workerId: null, since: null }, "it runs on a worker"],
    Quarantined: [
      { _tag: "Quarantined", error: null },
      "it is quarantined (no error): fix that, then retry it"
    ],
    Finished: [{ _tag: "Finished", state: "dead" }, "it is dead"],
    WouldRunNow: [{ _tag: "WouldRunNow" }, "it would run now"]
  }

  for (const [tag, [reason, sentence]] of Object.entries(said)) {
    it(`says ${tag} in one line`, () => {
      assert.strictEqual(Explanation.describe(reason), sentence)
    })
  }

  it("travels as JSON", () => {
    const codec = Schema.toCodecJson(Explanation.Explanation)
    const explanation = Explanation.fromFacts(
      facts({ limits: [limit({})], job: { state: "retryable", runAt: at(20_000) } })
    )
    const json = JSON.parse(JSON.stringify(Schema.encodeUnknownSync(codec)(explanation)))
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(json), explanation)
  })
})
