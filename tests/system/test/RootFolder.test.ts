/**
 * `npm start` by root, from a checkout in a folder that only root may enter. PostgreSQL refuses to run as root, and its
 * user can reach neither binaries nor data by their paths.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as ProcessTable from "../src/ProcessTable.ts"
import * as TestFolder from "../src/TestFolder.ts"

const parts = ["apps", "packages", "node_modules", "package.json", "pnpm-workspace.yaml", "tsconfig.base.json"]

/** A copy of the checkout with all it has installed: hard links where the file system has them. */
const copyTo = (folder: string) =>
  Effect.promise(async () => {
    mkdirSync(folder)
    const run = promisify(execFile)
    const sources = parts.map((part) => join(Harness.root, part))
    await run("cp", ["-al", ...sources, folder]).catch(() => run("cp", ["-a", ...sources, folder]))
  })

/** A folder that everyone may enter, for the copy of the binaries that PostgreSQL's user runs. */
const openFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-cache-"))
    chmodSync(folder, 0o755)
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const isRoot = process.getuid?.() === 0

describe("npm start by root", () => {
  it.live.runIf(isRoot)("works in a folder that only root may enter", () =>
    Effect.gen(function*() {
      const checkout = join(yield* TestFolder.make, "checkout")
      yield* copyTo(checkout)
      const cache = yield* openFolder
      const dev = yield* Harness.startDev({
        checkout,
        dataFolder: ".millrace",
        environment: { MILLRACE_CACHE_DIRECTORY: cache }
      })
      const note = readFileSync(join(checkout, ".millrace", "postgres", "data", "postmaster.pid"), "utf8")
      const postgres = Number(note.split("\n")[0])
      assert.notStrictEqual(ProcessTable.userOf(postgres), 0)
      assert.isTrue(ProcessTable.programOf(postgres).startsWith(cache))
      const client = yield* JobClient.make(dev.url)
      const id = yield* JobClient.create(client, "email-notification", {
        to: "ada@example.org",
        template: "welcome",
        data: { name: "Ada" }
      })
      const job = yield* JobClient.inState(client, id, ["completed", "dead", "retryable"], "30 seconds")
      assert.strictEqual(job.state, "completed", JSON.stringify(job.error))
      yield* dev.kill("SIGTERM")
      assert.strictEqual((yield* dev.exit).code, 0)
      assert.deepStrictEqual(ProcessTable.processesOf(checkout), [])
    }), 120_000)
})
