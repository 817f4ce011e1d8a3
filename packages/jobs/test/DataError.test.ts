import { assert, describe, it } from "@effect/vitest"
import { FileFailure, SourceNotAllowed, SourceNotFound, SourceUnusable } from "../src/DataError.ts"

describe("DataError", () => {
  it("says what failed, where, and what to do", () => {
    assert.strictEqual(
      new SourceNotFound({ source: "a.csv", searched: ["/in", "/data"] }).message,
      "Source a.csv not found in /in, /data. Put the file there, or set MILLRACE_INPUT_DIR."
    )
    assert.strictEqual(
      new SourceNotAllowed({ source: "../a.csv", detail: "it must lie in /in" }).message,
      "Source ../a.csv not allowed: it must lie in /in"
    )
    assert.strictEqual(
      new SourceUnusable({ source: "a.csv", detail: "it is UTF-16; save it as UTF-8" }).message,
      "Source a.csv unusable: it is UTF-16; save it as UTF-8"
    )
    assert.strictEqual(
      new FileFailure({ operation: "write", path: "/out/a", detail: "no space left" }).message,
      "Could not write /out/a: no space left"
    )
  })
})
