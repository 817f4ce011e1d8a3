import { assert, describe, it } from "@effect/vitest"
import { JobId } from "@millrace/storage"
import type { Offered } from "../../../src/internal/model/judge.ts"
import { judge } from "../../../src/internal/model/judge.ts"

const options = { workerId: "w", queue: "q", handles: [], limit: 4, perTenant: 2 }

/** Offered jobs from words like `a1 a2 b1 a3@50`: tenant, number, priority (10); a `+` joins the cohort before, a `#x`
 * at the end puts a job under the limit x. */
const offer = (words: string): ReadonlyArray<Offered> => {
  const jobs: Array<Offered> = []
  for (const word of words.split(" ")) {
    const [label = "", gate = null] = word.replace("+", "").split("#")
    const [name = "", priority = "10"] = label.split("@")
    const cohort = word.startsWith("+") ? jobs.at(-1)?.cohort ?? name : name
    jobs.push({ id: JobId.makeUnsafe(name), tenant: name.slice(0, 1), priority: Number(priority), gate, cohort })
  }
  return jobs
}

const verdict = (offered: string, taken: string, fields: object = {}) =>
  judge(
    { ...options, ...fields },
    offered === "" ? [] : offer(offered),
    taken === "" ? [] : taken.split(" ").map((id) => JobId.makeUnsafe(id))
  )

describe("judge", () => {
  it("takes the oldest of one tenant, all that there is up to the limit", () => {
    assert.isNull(verdict("a1 a2 a3 a4 a5", "a1 a2 a3 a4"))
    assert.isNull(verdict("a1 a2", "a1 a2"))
    assert.isNull(verdict("", ""))
  })

  it("takes any order of tenants, and interleaved ones", () => {
    for (const taken of ["a1 a2 b1 b2", "b1 b2 a1 a2", "a1 b1 a2 b2", "b1 a1 b2 a2"]) {
      assert.isNull(verdict("a1 a2 a3 b1 b2 b3", taken), taken)
    }
  })

  it("takes jobs of one cohort in any order, but after older and before newer ones", () => {
    assert.isNull(verdict("a1 a2 +a3 +a4 a5", "a1 a4 a2", { limit: 3 }))
    assert.match(verdict("a1 a2 +a3 +a4 a5", "a2 a3 a4", { limit: 3 }) ?? "", /older/)
    assert.match(verdict("a1 a2 +a3 +a4 a5", "a1 a2 a5", { limit: 3 }) ?? "", /older/)
  })

  it("refuses what was not offered, too much, and the same twice", () => {
    assert.match(verdict("a1", "a1 z9") ?? "", /not to be had/)
    assert.match(verdict("", "a1") ?? "", /not to be had/)
    assert.match(verdict("a1 a2 a3 a4 a5", "a1 a2 a3 a4 a5") ?? "", /more jobs/)
    assert.match(verdict("a1 a2", "a1 a1") ?? "", /twice/)
  })

  it("refuses a newer job before an older one, in the choice and in the answer", () => {
    assert.match(verdict("a1 a2", "a2", { limit: 1 }) ?? "", /older/)
    assert.match(verdict("a1 a2", "a2 a1") ?? "", /newer job first/)
  })

  it("refuses to leave room while work waits", () => {
    assert.match(verdict("a1 a2 a3", "a1 a2", { perTenant: 20 }) ?? "", /less than its share/)
    assert.match(verdict("a1 b1", "a1") ?? "", /tenants wait/)
    assert.match(verdict("a1", "") ?? "", /tenants wait/)
  })

  it("holds a tenant to its share while another gets nothing", () => {
    assert.match(verdict("a1 a2 a3 a4 b1 c1", "a1 a2 a3 b1", { perTenant: 2 }) ?? "", /more than its share/)
    assert.isNull(verdict("a1 a2 a3 a4 b1", "a1 a2 a3 b1"))
  })

  it("takes a smaller priority first, and the next when it is served", () => {
    assert.isNull(verdict("a1 b2@50 b3@50", "a1 b2 b3"))
    assert.match(verdict("a1 b2@50", "b2", { limit: 1 }) ?? "", /tenants wait.*priority 10/)
    assert.match(verdict("a1 b2@50", "b2 a1") ?? "", /larger priority/)
    assert.match(verdict("a1 b2@50 b3@50", "a1") ?? "", /priority 50/)
  })

  it("lends one suspect, the oldest", () => {
    const suspects = { suspects: true }
    assert.isNull(verdict("a1 b2", "a1", suspects))
    assert.isNull(verdict("a1 +b2", "b2", suspects))
    assert.isNull(verdict("", "", suspects))
    assert.match(verdict("a1 b2", "b2", suspects) ?? "", /older/)
    assert.match(verdict("a1 b2", "a1 b2", suspects) ?? "", /2 suspects/)
    assert.match(verdict("a1 b2", "", suspects) ?? "", /0 suspects/)
  })
})
