/**
 * Scenarios with a pile of other jobs in the store: scheduled ones, finished ones.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import type { Sample } from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"
import { production } from "../Scenario.ts"
import type { Settings } from "../Settings.ts"
import { drainPrepared } from "./drain.ts"

type Kind = "scheduled" | "finished"

const sizes = (settings: Settings): Record<Kind, number> => ({
  scheduled: settings.scheduledBacklog,
  finished: settings.finishedBacklog
})

const grouped = (value: number): string => value.toLocaleString("en-US")

const run = Effect.fnUntraced(function*(arena: Arena, kind: Kind) {
  const backlog = sizes(arena.settings)[kind]
  const count = arena.drainShare(arena.settings.jobs)
  const worker = yield* arena.process
  const kept = yield* worker.request("fill", { kind, count: backlog })
  yield* worker.request("enqueueBulk", production(arena.settings, 0, count))
  const sample = yield* drainPrepared(arena, [worker], count)
  const noted: Sample = { ...sample, notes: { [`${kind} jobs in the store`]: kept ? backlog : 0 } }
  return noted
})

const scenario = (kind: Kind, title: (settings: Settings) => string): Scenario => ({
  name: `backlog-${kind}`,
  title: `backlog of ${kind} jobs`,
  summary: (settings) => `${title(settings)}; compare with "drain, 1 process"`,
  goal: "throughput",
  heavy: true,
  stores: ["postgres", "redis"],
  run: (arena) => run(arena, kind)
})

export const backlogScheduled = scenario(
  "scheduled",
  (settings) => `drain while ${grouped(settings.scheduledBacklog)} jobs are due tomorrow`
)

export const backlogFinished = scenario(
  "finished",
  (settings) =>
    `drain while ${grouped(settings.finishedBacklog)} finished jobs are kept (who keeps none as tuned, has none)`
)
