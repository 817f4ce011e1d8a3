/**
 * Planted bugs of leases, reclaims and suspects.
 */
import type { Claim } from "@millrace/storage/Claim"
import type { Reclaimed } from "@millrace/storage/Storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Service } from "../network.ts"
import type { Bug } from "../plant.ts"
import { atOtherTime, inStorage, inWorker } from "../plant.ts"

/** A reclaim looks for lost workers, and takes their jobs only at the next call, without looking again. */
const readThenWrite = (storage: Service): Service => {
  let doomed: ReadonlyArray<string> = []
  return {
    ...storage,
    reclaim: (options) =>
      Effect.gen(function*() {
        const { workers } = yield* storage.overview
        const now = yield* Effect.clockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe()))
        const ends = workers.map(({ expiresAt, id }) => ({ id, endMillis: DateTime.toEpochMillis(expiresAt) }))
        const latest = ends.filter(({ id }) => doomed.includes(id))
          .reduce((last, { endMillis }) => Math.max(last, endMillis), 0)
        doomed = ends.filter(({ endMillis }) => endMillis <= now).map(({ id }) => id)
        return latest === 0 ? [] : yield* atOtherTime(storage.reclaim(options), Math.max(0, latest - now))
      })
  }
}

/** Suspects are lent among others. */
const lendSuspects = (storage: Service): Service => ({
  ...storage,
  claim: (options) =>
    options.suspects === true
      ? storage.claim(options)
      : Effect.flatMap(storage.claim(options), (claims) =>
        Effect.map(
          claims.length < options.limit ? storage.claim({ ...options, suspects: true }) : Effect.succeed([]),
          (suspects) => [...claims, ...suspects]
        ))
})

/** A job that died with its worker is made available for ever. */
const spareTheDead = (storage: Service): Service => ({
  ...storage,
  reclaim: (options) =>
    Effect.flatMap(storage.reclaim(options), (reclaimed) => {
      const dead = reclaimed.filter(({ to }) => to === "dead").map(({ id }) => id)
      return Effect.as(
        storage.transition(dead, { _tag: "Retry" }),
        reclaimed.map((each): Reclaimed => each.to === "dead" ? { ...each, to: "available" } : each)
      )
    })
})

/** A worker that was given up is let back in when it shows a sign of life. */
const reviveLost = (storage: Service): Service => ({
  ...storage,
  renew: (request) =>
    Effect.flatMap(storage.renew(request), (result) =>
      result._tag === "Lost" && request._tag === "Renew"
        ? storage.renew({
          ...request,
          _tag: "Register",
          info: { host: "", pid: 0, release: "", queues: [], names: [], concurrency: 1 }
        })
        : Effect.succeed(result))
})

const countAsFailures = (claim: Claim): Claim => ({ ...claim, failures: claim.failures + claim.crashes })

/** A claim finds the jobs of another one that has not committed yet. */
const lendTwice: Bug["plant"] = inStorage((storage, { dice }) => {
  let last: ReadonlyArray<Claim> = []
  return {
    ...storage,
    claim: (options) =>
      Effect.map(storage.claim(options), (claims) => {
        const doubled = claims.length === 0 && dice.chance(0.05)
          ? last.filter(({ queue }) => queue === options.queue).slice(0, 1)
          : []
        last = claims
        return [...claims, ...doubled]
      })
  }
})

/** The bugs. */
export const bugs: ReadonlyArray<Bug> = [
  {
    name: "a lease that ends now still gets jobs",
    plant: inStorage((storage) => ({ ...storage, claim: (options) => atOtherTime(storage.claim(options), -1) }))
  },
  {
    name: "an ended lease gets jobs until it is reclaimed",
    plant: inStorage((storage) => ({ ...storage, claim: (options) => atOtherTime(storage.claim(options), -60_000) }))
  },
  {
    name: "a lease is taken one millisecond too early",
    plant: inStorage((storage) => ({ ...storage, reclaim: (options) => atOtherTime(storage.reclaim(options), 1) }))
  },
  {
    name: "leases of living workers are taken",
    plant: inStorage((storage) => ({ ...storage, reclaim: (options) => atOtherTime(storage.reclaim(options), 900) }))
  },
  {
    name: "a lease that ends now is not taken",
    plant: inStorage((storage) => ({ ...storage, reclaim: (options) => atOtherTime(storage.reclaim(options), -1) }))
  },
  { name: "a reclaim reads, then writes", plant: inStorage(readThenWrite) },
  {
    name: "nothing is ever reclaimed",
    plant: inStorage((storage) => ({ ...storage, reclaim: () => Effect.succeed([]) }))
  },
  {
    name: "a crash counts as a failure",
    plant: inStorage((storage) => ({
      ...storage,
      claim: (options) => Effect.map(storage.claim(options), (claims) => claims.map(countAsFailures))
    }))
  },
  { name: "suspects run among others", plant: inStorage(lendSuspects) },
  {
    name: "nobody is told of suspects",
    plant: inStorage((storage) => ({
      ...storage,
      renew: (request) =>
        Effect.map(
          storage.renew(request),
          (result) => result._tag === "Renewed" ? { ...result, suspects: false } : result
        )
    }))
  },
  { name: "a job that kills its workers never dies", plant: inStorage(spareTheDead) },
  { name: "a lost worker comes back to life", plant: inStorage(reviveLost) },
  {
    name: "a worker that leaves keeps its jobs",
    plant: inStorage((storage) => ({
      ...storage,
      renew: (request) => request._tag === "Leave" ? Effect.succeed({ _tag: "Lost" }) : storage.renew(request)
    }))
  },
  { name: "a job is lent twice", plant: lendTwice },
  {
    name: "a worker believes in a longer lease than it has",
    plant: inWorker((storage) => ({
      ...storage,
      renew: (request) =>
        storage.renew(request._tag === "Leave" ? request : { ...request, leaseMillis: request.leaseMillis / 4 })
    }))
  },
  {
    name: "a worker does not mind that its lease is lost",
    plant: inWorker((storage) => ({
      ...storage,
      renew: (request) =>
        Effect.map(storage.renew(request), (result) =>
          result._tag === "Lost" && request._tag === "Renew"
            ? { _tag: "Renewed", cancellations: [], suspects: false }
            : result)
    }))
  },
  {
    name: "time-outs are not watched",
    plant: inWorker((storage) => ({
      ...storage,
      claim: (options) =>
        Effect.map(
          storage.claim(options),
          (claims) => claims.map((claim) => ({ ...claim, timeoutMillis: 1_000 * (claim.timeoutMillis ?? 1) }))
        )
    }))
  }
]
