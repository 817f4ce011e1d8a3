import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage, Storage } from "@millrace/storage"
import type { Claim, JobId } from "@millrace/storage"
import { Effect, Layer, Stream } from "effect"
import * as Fixture from "../src/Fixture.ts"
import * as StorageModel from "../src/StorageModel.ts"

type Driver = Storage.Storage["Service"]

const withFault = (plant: (driver: Driver) => Partial<Driver>) =>
  Layer.effect(
    Storage.Storage,
    Effect.map(MemoryStorage.make(), (driver) => Storage.Storage.of({ ...driver, ...plant(driver) }))
  )

const without = (claim: Claim.Claim, fields: Partial<Claim.Claim>): Claim.Claim => ({ ...claim, ...fields })

/** Faults that a driver might have, each planted into a good one. */
const faults: { readonly [fault: string]: (driver: Driver) => Partial<Driver> } = {
  "says Applied to every settlement": (driver) => ({
    settle: (workerId, settlements) =>
      Effect.map(driver.settle(workerId, settlements), (results) => results.map(() => "Applied" as const))
  }),
  "loses the last settlement of a batch": (driver) => ({
    settle: (workerId, settlements) =>
      Effect.map(
        driver.settle(workerId, settlements.length > 1 ? settlements.slice(0, -1) : settlements),
        (results) => settlements.map((_, index) => results[index] ?? "Applied")
      )
  }),
  "retries at once whatever the delay": (driver) => ({
    settle: (workerId, settlements) =>
      driver.settle(
        workerId,
        settlements.map((settlement) =>
          settlement.outcome._tag === "Retried"
            ? { ...settlement, outcome: { ...settlement.outcome, delayMillis: 0 } }
            : settlement
        )
      )
  }),
  "stores no results": (driver) => ({
    settle: (workerId, settlements) =>
      driver.settle(
        workerId,
        settlements.map((settlement) =>
          settlement.outcome._tag === "Completed"
            ? { ...settlement, outcome: { _tag: "Completed", result: null } }
            : settlement
        )
      )
  }),
  "lends a job and forgets to answer it": (driver) => ({
    claim: (options) => Effect.map(driver.claim(options), (claims) => claims.length > 1 ? claims.slice(0, -1) : claims)
  }),
  "answers claims in the wrong order": (driver) => ({
    claim: (options) => Effect.map(driver.claim(options), (claims) => claims.toReversed())
  }),
  "answers a stale token": (driver) => ({
    claim: (options) =>
      Effect.map(driver.claim(options), (claims) => claims.map((claim) => without(claim, { token: claim.token - 1 })))
  }),
  "takes fewer jobs than there are": (driver) => ({
    claim: (options) => driver.claim({ ...options, limit: Math.max(1, options.limit - 1) })
  }),
  "gives one tenant everything": (driver) => ({
    claim: (options) => driver.claim({ ...options, perTenant: 1000 })
  }),
  "lends jobs of any name": (driver) => ({
    claim: (options) => driver.claim({ ...options, handles: Fixture.handles("SendMail", "Resize") })
  }),
  "lends suspects to nobody": (driver) => ({
    claim: (options) => options.suspects === true ? Effect.succeed([]) : driver.claim(options)
  }),
  "takes unique keys for nothing": (driver) => ({
    insert: (jobs) => driver.insert(jobs.map((job) => ({ ...job, unique: null })))
  }),
  "tells no worker of cancellations": (driver) => ({
    renew: (request) =>
      Effect.map(
        driver.renew(request),
        (result) => result._tag === "Renewed" ? { ...result, cancellations: [] } : result
      )
  }),
  "says Renewed to a lost worker": (driver) => ({
    renew: (request) =>
      Effect.map(
        driver.renew(request),
        (result) => result._tag === "Lost" ? { _tag: "Renewed", cancellations: [], suspects: false } : result
      )
  }),
  "ignores the limit of a promotion": (driver) => ({
    promote: () => driver.promote({ limit: 1000 })
  }),
  "reclaims nothing": () => ({ reclaim: () => Effect.succeed([]) }),
  "cancels no running job": (driver) => ({
    transition: (ids, action) =>
      action._tag === "Cancel"
        ? Effect.flatMap(driver.list({ ids, states: ["running"] }), ({ items }) => {
          const running = new Set<JobId.JobId>(items.map((item) => item.id))
          return Effect.map(driver.transition(ids.filter((id) => !running.has(id)), action), (results) => [
            ...results,
            ...items.map(({ id }) => ({ id, from: "running", to: "requested" }) as const)
          ])
        })
        : driver.transition(ids, action)
  }),
  "pauses no queue": () => ({ control: () => Effect.void }),
  "stores no reports": (driver) => ({
    report: (workerId, reports) =>
      driver.report(workerId, reports.map(({ id, leaseId, token }) => ({ id, leaseId, token })))
  }),
  "forgets the first attempt": (driver) => ({
    inspect: {
      ...driver.inspect,
      history: (id) => Effect.map(driver.inspect.history(id), (attempts) => attempts.slice(-1))
    }
  }),
  "takes any page for the last": (driver) => ({
    list: (query) => Effect.map(driver.list(query), (page) => ({ ...page, next: null }))
  }),
  "counts twice": (driver) => ({
    overview: Effect.map(driver.overview, (overview) => ({
      ...overview,
      queues: overview.queues.map((queue) => ({
        ...queue,
        counts: { ...queue.counts, available: queue.counts.available * 2 }
      }))
    }))
  }),
  "dies now and then": (driver) => ({
    promote: (options) => options.limit === 2 ? Effect.die(new Error("driver fault")) : driver.promote(options)
  })
}

const firstReport = Effect.fnUntraced(function*(layer: Layer.Layer<Storage.Storage>, seeds: number) {
  for (let seed = 1; seed <= seeds; seed++) {
    const report = yield* StorageModel.check(layer, seed, 100)
    if (report !== null) return report
  }
  return null
})

describe("StorageModel", () => {
  for (const [fault, plant] of Object.entries(faults)) {
    it.effect(`finds a driver that ${fault}, and a short way to show it`, () =>
      Effect.gen(function*() {
        const report = yield* firstReport(withFault(plant), 100)
        assert(report !== null, "not found in 100 sequences")
        assert.match(report, /^seed \d+ .*MILLRACE_MODEL_SEED=\d+/)
        const commands = report.split("\n").filter((line) => /^ *\d+ \{"_tag"/.test(line))
        assert.isNotEmpty(commands)
        assert.isAtMost(commands.length, 25, report)
      }))
  }

  it.effect("finds the same way again from the same seed", () =>
    Effect.gen(function*() {
      const layer = withFault(() => ({ reclaim: () => Effect.succeed([]) }))
      const first = yield* firstReport(layer, 30)
      assert.strictEqual(yield* firstReport(layer, 30), first)
    }))

  it.effect("finds nothing wrong with a driver that only sends no hints", () =>
    Effect.gen(function*() {
      assert.isNull(yield* firstReport(withFault(() => ({ events: Stream.empty })), 3))
    }))
})
