import { assert, describe, it } from "@effect/vitest"
import { ApiError } from "@millrace/api"
import { StorageError } from "@millrace/storage"
import { Cause } from "effect"
import * as Failure from "../src/Failure.ts"

describe("Failure", () => {
  it("tells an error of the server with its tag and its hint", () => {
    const error = new ApiError.JobNotFound({ error: { message: "There is no job 7", hint: "Look again" } })
    assert.deepStrictEqual(Failure.tell(Cause.fail(error)), {
      lines: ["There is no job 7 (JobNotFound)", "Look again"],
      code: 1
    })
  })

  it("ends with 2 for wrong usage, with 3 for what can not be reached, else with 1", () => {
    assert.strictEqual(Failure.tell(Cause.fail(Failure.usage("--limit", "is wrong"))).code, 2)
    assert.strictEqual(Failure.tell(Cause.fail(Failure.refused("no"))).code, 1)
    const away = new StorageError.Unavailable({ operation: "migrate", detail: "ECONNREFUSED" })
    assert.strictEqual(Failure.tell(Cause.fail(new StorageError.StorageError({ reason: away }))).code, 3)
    const busy = new ApiError.Unavailable({ error: { message: "The database is away" } })
    assert.strictEqual(Failure.tell(Cause.fail(busy)).code, 3)
    assert.deepStrictEqual(Failure.tell(Cause.die("strange")), { lines: ["strange"], code: 1 })
  })

  it("names the flag", () => {
    assert.strictEqual(Failure.usage("--limit", "is wrong").message, "--limit: is wrong")
  })
})
