import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { resolve } from "node:path"
import * as DevConfig from "../src/DevConfig.ts"

const root = resolve("/checkout")

const messageOf = (environment: DevConfig.Environment): string => {
  const parsed = DevConfig.parse(environment, root)
  return Result.isFailure(parsed) ? parsed.failure.message : "accepted"
}

describe("DevConfig", () => {
  it("needs nothing", () => {
    assert.deepStrictEqual(
      DevConfig.parse({}, root),
      Result.succeed({ root, dataFolder: resolve(root, ".millrace"), port: 4080, databaseUrl: null })
    )
  })

  it("takes port, folder and database from the environment", () => {
    const parsed = DevConfig.parse(
      { MILLRACE_PORT: "5000", MILLRACE_DATA_DIR: "data/dev", DATABASE_URL: "postgres://u:p@db:5432/jobs" },
      root
    )
    const config = Result.getOrThrow(parsed)
    assert.strictEqual(config.port, 5000)
    assert.strictEqual(config.dataFolder, resolve(root, "data/dev"))
    assert.strictEqual(config.databaseUrl && Redacted.value(config.databaseUrl), "postgres://u:p@db:5432/jobs")
  })

  it("takes an empty variable for one that is not set", () => {
    assert.deepStrictEqual(
      DevConfig.parse({ MILLRACE_PORT: "", MILLRACE_DATA_DIR: " ", DATABASE_URL: "" }, root),
      DevConfig.parse({}, root)
    )
  })

  for (const value of ["http", "-1", "65536", "40.8", "4080x", "1e3", "999999"]) {
    it(`refuses ${value} as a port`, () => {
      const message = messageOf({ MILLRACE_PORT: value })
      assert.include(message, `MILLRACE_PORT is "${value}"`)
      assert.include(message, "1 to 65535")
    })
  }

  for (const value of ["mysql://u@db/jobs", "db:5432", "postgres:///jobs", "localhost"]) {
    it(`refuses ${value} as a database`, () => {
      const message = messageOf({ DATABASE_URL: value })
      assert.include(message, "DATABASE_URL is")
      assert.include(message, "postgres://user:password@host:5432/database")
    })
  }

  it("keeps the password of a refused database to itself", () => {
    assert.notInclude(messageOf({ DATABASE_URL: "mysql://u:secret@db/jobs" }), "secret")
    assert.notInclude(messageOf({ DATABASE_URL: "u:secret@db/jobs" }), "secret")
  })

  it("refuses a URL as a folder", () => {
    assert.include(messageOf({ MILLRACE_DATA_DIR: "s3://bucket/data" }), "MILLRACE_DATA_DIR is \"s3://bucket/data\"")
  })

  it("shows a database without its password and parameters", () => {
    assert.strictEqual(
      DevConfig.withoutPassword("postgres://u:p%40ss@db:5432/jobs?sslkey=k"),
      "postgres://u@db:5432/jobs"
    )
  })
})
