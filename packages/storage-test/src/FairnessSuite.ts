/**
 * Fairness between tenants, as properties: turns, shares, and no waiting behind another's backlog.
 *
 * Which tenant comes first is a driver's own; what each gets in the end is not.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Claim } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const many = (count: number, tenant: string, fields: object = {}) =>
  Array.from({ length: count }, (_, n) => ({ tenant, payload: n, ...fields }))

const perTenant = (claims: ReadonlyArray<Claim.Claim>): { readonly [tenant: string]: number } => {
  const counts: { [tenant: string]: number } = {}
  for (const claim of claims) counts[claim.tenant] = (counts[claim.tenant] ?? 0) + 1
  return counts
}

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("fairness", () => {
    shares(test)
    turns(test)
  })
}

const shares = (test: Declare): void => {
  test("gives one tenant everything when no other has work", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(30, "whale"))
      assert.lengthOf(yield* Steps.claim({ limit: 20, perTenant: 2 }), 20)
    }))

  test("holds a tenant to its share while others wait", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(50, "whale"), ...["a", "b", "c", "d"].flatMap((tenant) => many(10, tenant)))
      const claims = yield* Steps.claim({ limit: 10, perTenant: 2 })
      assert.deepStrictEqual(perTenant(claims), { whale: 2, a: 2, b: 2, c: 2, d: 2 })
    }))

  test("divides a claim evenly among few tenants", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(50, "a"), ...many(50, "b"))
      assert.deepStrictEqual(perTenant(yield* Steps.claim({ limit: 20, perTenant: 1 })), { a: 10, b: 10 })
    }))

  test("lends the oldest of each tenant, in their order", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(20, "a"), ...many(20, "b"))
      for (const start of [0, 5]) {
        const claims = yield* Steps.claim({ limit: 10, perTenant: 5 })
        for (const tenant of ["a", "b"]) {
          const payloads = claims.filter((claim) => claim.tenant === tenant).map((claim) => claim.payload)
          assert.deepStrictEqual(payloads, [0, 1, 2, 3, 4].map((n) => n + start))
        }
      }
    }))

  test("counts jobs without a tenant as one tenant", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(20, ""), ...many(20, "a"), ...many(20, "z"))
      assert.deepStrictEqual(perTenant(yield* Steps.claim({ limit: 6, perTenant: 2 })), { "": 2, a: 2, z: 2 })
    }))

  test("takes the smaller priority first, whosever it is", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(10, "a", { priority: 50 }), ...many(3, "b", { priority: 10 }))
      const claims = yield* Steps.claim({ limit: 5, perTenant: 5 })
      assert.deepStrictEqual(perTenant(claims), { a: 2, b: 3 })
      assert.deepStrictEqual(claims.map((claim) => claim.priority), [10, 10, 10, 50, 50])
    }))
}

const turns = (test: Declare): void => {
  test("serves every tenant once before any a second time", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const tenants = Array.from({ length: 12 }, (_, n) => `t${n}`)
      yield* Steps.insert(...tenants.flatMap((tenant) => many(5, tenant)))
      const served: Array<string> = []
      for (let n = 0; n < tenants.length; n++) served.push((yield* Steps.claimOne({ perTenant: 1 })).tenant)
      assert.deepStrictEqual(served.toSorted(), tenants.toSorted())
    }))

  test("goes on with the next tenants where the last claim ended", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const tenants = Array.from({ length: 9 }, (_, n) => `t${n}`)
      yield* Steps.insert(...tenants.flatMap((tenant) => many(6, tenant)))
      const first = yield* Steps.claim({ limit: 6, perTenant: 2 })
      const second = yield* Steps.claim({ limit: 6, perTenant: 2 })
      const third = yield* Steps.claim({ limit: 6, perTenant: 2 })
      assert.deepStrictEqual(
        perTenant([...first, ...second, ...third]),
        Object.fromEntries(tenants.map((tenant) => [tenant, 2]))
      )
    }))

  test("carries no more of a turn that was cut short than the turns of the next claim have", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(30, "a"), ...many(30, "b"))
      // The turn of the first tenant is ten; nine of them are left.
      const [first] = yield* Steps.claim({ limit: 1, perTenant: 10 })
      const next = yield* Steps.claim({ limit: 4, perTenant: 2 })
      assert.strictEqual(first?.tenant, "a")
      assert.deepStrictEqual(perTenant(next), { a: 2, b: 2 })
    }))

  test("serves a newcomer within one round, however long the backlog of others", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...many(300, "whale"), ...many(100, "shark"))
      yield* Steps.claim({ limit: 10, perTenant: 5 })
      yield* Steps.insert(...many(1, "minnow"))
      const claims = [
        ...(yield* Steps.claim({ limit: 10, perTenant: 5 })),
        ...(yield* Steps.claim({ limit: 10, perTenant: 5 }))
      ]
      assert.strictEqual(perTenant(claims)["minnow"], 1)
    }))

  test("keeps turns apart for every worker", () =>
    Effect.gen(function*() {
      yield* Steps.register("w1")
      yield* Steps.register("w2")
      yield* Steps.insert(...["a", "b", "c", "d"].flatMap((tenant) => many(10, tenant)))
      for (const workerId of ["w1", "w2"]) {
        const served: Array<string> = []
        for (let n = 0; n < 4; n++) served.push((yield* Steps.claimOne({ workerId, perTenant: 1 })).tenant)
        assert.deepStrictEqual(served.toSorted(), ["a", "b", "c", "d"])
      }
    }))

  test("finds work behind priorities where several tenants have only jobs of other names", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(
        ...["", "a", "z"].flatMap((tenant) => many(1, tenant, { name: "Other", priority: 0 })),
        ...["a", "z"].flatMap((tenant) => many(1, tenant, { name: "Other", priority: 10 })),
        ...many(1, "a", { priority: 50 })
      )
      assert.deepInclude(yield* Steps.claimOne({ perTenant: 1 }), { tenant: "a", priority: 50 })
    }))

  test("finds work behind tenants that have only jobs of other names", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...["a", "b", "c", "d", "e"].flatMap((tenant) => many(2, tenant, { name: "Other" })))
      yield* Steps.insert(...many(2, "z"))
      for (let n = 0; n < 2; n++) assert.strictEqual((yield* Steps.claimOne({ perTenant: 1 })).tenant, "z")
    }))
}
