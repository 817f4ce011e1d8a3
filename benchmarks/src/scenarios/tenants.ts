/**
 * Ten thousand tenants wait behind one with a million jobs: how much is done, and who is served.
 */
import * as Effect from "effect/Effect"
import type { Arena } from "../Arena.ts"
import { BenchmarkFailed } from "../BenchmarkFailed.ts"
import type { ContenderProcess } from "../ContenderProcess.ts"
import * as Drain from "../Drain.ts"
import * as Ledger from "../Ledger.ts"
import * as Measure from "../Measure.ts"
import type { WorkReport } from "../Protocol.ts"
import * as Sample from "../Sample.ts"
import type { Scenario } from "../Scenario.ts"
import { production } from "../Scenario.ts"
import { startWorkers } from "./drain.ts"

/** Name of the tenant with the many jobs. */
const whale = "whale"

/** Jobs of each small tenant. */
const jobsPerTenant = 5

/** Fails when a job ran twice, or when what ran and what is left do not add up to what was enqueued. */
const verifyPartial = Effect.fnUntraced(function*(worker: ContenderProcess, total: number, report: WorkReport) {
  const { doubled, ran } = Ledger.verdict(Drain.mergeLedgers(0, total, [report]))
  const left = yield* worker.request("unfinished", null)
  if (doubled > 0 || ran + left !== total) {
    return yield* new BenchmarkFailed({
      step: "verify",
      detail: `${doubled} jobs ran twice or more; ${ran} ran and ${left} are left of ${total}`
    })
  }
})

const notes = (report: WorkReport, tenants: number): Record<string, number> => {
  const waits = report.tenantFirst.filter(([tenant]) => tenant !== whale).map(([, millis]) => millis)
  const served = { "small tenants served %": waits.length / tenants * 100 }
  return waits.length === 0
    ? served
    : { ...served, "median seconds until a served tenant's first job": Measure.median(waits) / 1000 }
}

const run = Effect.fnUntraced(function*(arena: Arena) {
  const { tenantSeconds, tenants, whaleJobs } = arena.settings
  const small = tenants * jobsPerTenant
  const total = whaleJobs + small
  const worker = yield* arena.process
  yield* worker.request("fill", { kind: "ready", count: whaleJobs, from: 0, tenant: whale })
  yield* worker.request("enqueueBulk", production(arena.settings, whaleJobs, small, { tenants }))
  const before = yield* arena.reading
  yield* startWorkers([worker], 0, total)
  yield* Effect.sleep(`${tenantSeconds} seconds`)
  const progress = yield* worker.request("progress", null)
  const after = yield* arena.reading
  const [report] = yield* Drain.stop([worker])
  if (report === undefined) return yield* new BenchmarkFailed({ step: "stop", detail: "the worker did not report" })
  yield* verifyPartial(worker, total, report)
  const millis = (progress.lastAt ?? 0) - (progress.firstAt ?? 0)
  return Sample.make({
    jobs: progress.handled,
    seconds: Math.max(millis / 1000, 0.001),
    clientMicros: progress.cpuMicros,
    before,
    after,
    waits: null,
    notes: notes(report, tenants)
  })
})

export const tenants: Scenario = {
  name: "tenants",
  title: "many tenants and one whale",
  summary: (settings) =>
    `${settings.whaleJobs.toLocaleString("en-US")} jobs of one tenant, then ${jobsPerTenant} jobs each of ` +
    `${settings.tenants.toLocaleString("en-US")} others; one worker for ${settings.tenantSeconds} s`,
  goal: "throughput",
  heavy: true,
  stores: ["postgres", "redis"],
  run
}
