import { assert, describe, it } from "@effect/vitest"
import * as SqlGuard from "../../src/mutation/SqlGuard.ts"

const texts = (sql: string) => SqlGuard.find(sql).map((guard) => guard.text)

describe("SqlGuard", () => {
  it("finds the terms of a clause", () => {
    assert.deepStrictEqual(texts("delete from t where a = 1 and b > now() returning a"), ["a = 1", "b > now()"])
  })

  it("finds the terms of sub-queries beside the term that holds them", () => {
    assert.deepStrictEqual(texts("select 1 from t where exists (select from u where u.id = t.id and u.ok) and t.x"), [
      "exists (select from u where u.id = t.id and u.ok)",
      "t.x",
      "u.id = t.id",
      "u.ok"
    ])
  })

  it("takes a clause with an or as one term", () => {
    assert.deepStrictEqual(texts("select 1 from t where a and b or c"), ["a and b or c"])
  })

  it("keeps between, case and quoted words whole", () => {
    assert.deepStrictEqual(
      texts("select 1 from t where a between 1 and 2 and case when b and c then d else e end and f = 'x and y'"),
      ["a between 1 and 2", "case when b and c then d else e end", "f = 'x and y'"]
    )
  })

  it("reads the conditions of joins and not those of conflicts", () => {
    assert.deepStrictEqual(
      texts("insert into t select 1 from a join b on a.id = b.id where a.x on conflict (id) do update set y = 1"),
      ["a.id = b.id", "a.x"]
    )
  })

  it("drops one term and leaves the rest as it is", () => {
    const sql = "delete from t where a = 1 and b = 2"
    const mutants = SqlGuard.find(sql).map((guard) => SqlGuard.without(sql, guard))
    assert.deepStrictEqual(mutants, ["delete from t where true and b = 2", "delete from t where a = 1 and true"])
  })
})
