/**
 * A steady stream of jobs while another session holds a snapshot, so that nothing dead can be removed.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import type { ContenderProcess } from "../ContenderProcess.ts"
import * as Drain from "../Drain.ts"
import * as Sample from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"

/** Jobs kept in the queue. */
const backlog = 20_000

const churn = (arena: Arena, process: ContenderProcess) =>
  process.request("churn", {
    from: 0,
    seconds: arena.settings.churnSeconds,
    windowSeconds: arena.settings.churnWindowSeconds,
    backlog: arena.drainShare(backlog),
    chunk: 100,
    payloadBytes: arena.settings.payloadBytes
  })

const run = Effect.fnUntraced(function*(arena: Arena) {
  const process = yield* arena.process
  const before = yield* arena.reading
  const churned = yield* Effect.scoped(Effect.andThen(arena.holdSnapshot, churn(arena, process)))
  const after = yield* arena.reading
  yield* Drain.awaitStarted([process], churned.enqueued)
  yield* Drain.awaitSettled(process)
  yield* Drain.verify(0, churned.enqueued, yield* Drain.stop([process]))
  const first = churned.windows[0] ?? 0
  const last = churned.windows.at(-1) ?? 0
  return Sample.make({
    jobs: churned.handled,
    seconds: (churned.endedAt - churned.startedAt) / 1000,
    clientMicros: churned.cpuMicros,
    before,
    after,
    waits: null,
    notes: { "jobs/s in the first window": first, "jobs/s in the last window": last }
  })
})

export const heldSnapshot: Scenario = {
  name: "held-snapshot",
  title: "held snapshot",
  summary: (settings) =>
    `producer (100 jobs a call) and worker in one process keep ${backlog.toLocaleString("en-US")} jobs in the queue ` +
    `for ${settings.churnSeconds} s, windows of ${settings.churnWindowSeconds} s; another session holds a snapshot`,
  goal: "throughput",
  heavy: true,
  stores: ["postgres"],
  run
}
