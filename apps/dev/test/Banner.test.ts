import { assert, describe, it } from "@effect/vitest"
import { DataPayload, DataProcessing } from "@millrace/jobs"
import { Schema } from "effect"
import * as Banner from "../src/Banner.ts"

const facts: Banner.Facts = {
  url: "http://127.0.0.1:4080",
  databaseUrl: "postgres://postgres@127.0.0.1:25000/postgres",
  passwordFile: ".millrace/postgres/cluster.json",
  dataFolder: "/checkout/.millrace",
  serverPid: 11,
  workerPid: 12
}

describe("Banner", () => {
  it("says what runs where", () => {
    const text = Banner.render(facts)
    for (
      const part of [
        facts.url,
        `${facts.url}/docs`,
        facts.databaseUrl,
        ".millrace/postgres/cluster.json",
        facts.dataFolder,
        "process 11",
        "process 12",
        Banner.enqueueLine(facts.url),
        Banner.readLine(facts.url)
      ]
    ) assert.include(text, part)
  })

  it("speaks of a password file only where there is one", () => {
    assert.notInclude(Banner.render({ ...facts, passwordFile: null }), "password")
  })

  it("offers a job that its definition accepts", () => {
    assert.strictEqual(Banner.job.name, DataProcessing.DataProcessing.name)
    const decoded = Schema.decodeUnknownSync(DataPayload.DataPayload)(Banner.job.payload)
    assert.strictEqual(decoded.operation, "import")
  })

  it("offers lines that a shell takes as they are", () => {
    // Nothing in the body ends the quotes around it.
    assert.strictEqual(Banner.enqueueLine(facts.url).split("'").length, 5)
    assert.notInclude(Banner.enqueueLine(facts.url), "\n")
  })
})
