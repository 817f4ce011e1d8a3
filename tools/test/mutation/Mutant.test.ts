import { assert, describe, it } from "@effect/vitest"
import * as Mutant from "../../src/mutation/Mutant.ts"

const statements = {
  end: (schema: string) => `delete from ${schema}.lease where id = $1 and token = $2`,
  code: { Completed: 1 }
}

describe("Mutant", () => {
  it("names a mutant for every guard of every statement", () => {
    assert.deepStrictEqual(Mutant.ofModule("settle", statements), [
      { id: "settle.end#0", clause: "where", dropped: "id = $1" },
      { id: "settle.end#1", clause: "where", dropped: "token = $2" }
    ])
  })

  it("changes the statement that it names, and no other", () => {
    const wrapped = Mutant.wrap("settle.end#1", "settle", statements) as typeof statements
    assert.strictEqual(wrapped.end("s"), "delete from s.lease where id = $1 and true")
    assert.strictEqual(wrapped.code, statements.code)
    const others = Mutant.wrap("claim.end#1", "settle", statements) as typeof statements
    assert.strictEqual(others.end("s"), statements.end("s"))
  })

  it("finds the same guard in a statement with fewer parts", () => {
    const parts = {
      end: (schema: string, { holds }: { readonly holds: boolean }) =>
        `with gone as (delete from ${schema}.lease where id = $1${holds ? " and held" : ""}) select 1 where token = $2`
    }
    assert.deepStrictEqual(Mutant.ofModule("settle", parts).map(({ dropped }) => dropped), [
      "id = $1",
      "held",
      "token = $2"
    ])
    const wrapped = Mutant.wrap("settle.end#2", "settle", parts) as typeof parts
    assert.strictEqual(
      wrapped.end("s", { holds: false }),
      "with gone as (delete from s.lease where id = $1) select 1 where true"
    )
  })

  it("calls nothing that it does not change", () => {
    const named = { ...statements, columns: (_schema: string, row: (name: string) => string) => row("id") }
    const wrapped = Mutant.wrap("settle.end#1", "settle", named) as typeof named
    assert.strictEqual(wrapped.columns("s", (name) => `r.${name}`), "r.id")
  })

  it("changes nothing without a mutant", () => {
    const wrapped = Mutant.wrap(undefined, "settle", statements) as typeof statements
    assert.strictEqual(wrapped.end("s"), statements.end("s"))
  })
})
