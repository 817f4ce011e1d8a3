import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as JobNaming from "../src/JobNaming.ts"

describe("JobNaming", () => {
  const isName = Schema.is(JobNaming.name("A name"))
  const isId = Schema.is(JobNaming.QuotedJobId)

  it("takes names of 1 to 255 characters in any script", () => {
    for (const name of ["a", "send-mail", "задание", "😀", " ", `"; drop table jobs; --`, "x".repeat(255)]) {
      assert.isTrue(isName(name), name)
    }
  })

  it("refuses empty and long names, control characters and lone surrogates", () => {
    for (const name of ["", "x".repeat(256), "a\u0000", "a\nb", "\u001b[31m", "\u007f", "\u0085", "\uD800", 5, null]) {
      assert.isFalse(isName(name), String(name))
    }
  })

  it("takes the ids of 64-bit numbers", () => {
    for (const id of ["1", "42", "999999999999999999", "9223372036854775807"]) assert.isTrue(isId(id), id)
  })

  it("refuses ids that no job can have", () => {
    const ids = [
      "",
      "0",
      "-1",
      "01",
      "1.5",
      "abc",
      "1 ",
      "9223372036854775808",
      "9999999999999999999",
      "1".repeat(20),
      1
    ]
    for (const id of ids) assert.isFalse(isId(id), String(id))
  })
})
