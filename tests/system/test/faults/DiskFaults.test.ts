/**
 * A disk that is full. Names begin with the number of the fault.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Effect, Exit, Layer } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Arena from "../../src/crash/Arena.ts"
import * as Wait from "../../src/Wait.ts"

/** Whether this process may mount: a file system of a size of its own needs the right to. */
const mayMount = (): boolean => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-mount-"))
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" })
    execFileSync("umount", [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A file system of 200 MB in memory; the database gets a folder in it. */
const smallDisk = Effect.acquireRelease(
  Effect.sync(() => {
    const disk = mkdtempSync(join(tmpdir(), "millrace-disk-"))
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200m", "tmpfs", disk])
    chmodSync(disk, 0o755)
    mkdirSync(join(disk, "database"))
    return disk
  }),
  (disk) =>
    Effect.sync(() => {
      execFileSync("umount", ["-l", disk])
      rmSync(disk, { recursive: true, force: true })
    })
)

const ballast = Buffer.alloc(1_000_000)

/** Fills the disk to the last byte. */
const fill = (file: string) =>
  Effect.sync(() => {
    const chunk = [ballast, Buffer.alloc(4_096), Buffer.alloc(1)]
    for (const bytes of chunk) {
      try {
        while (true) writeFileSync(file, bytes, { flag: "a" })
      } catch {
        // It is full for this size.
      }
    }
  })

const isPossible = mayMount()
if (!isPossible) console.info("F34 is skipped: this user may not mount a file system of a size of its own")

describe("a disk", () => {
  it.live.skipIf(!isPossible)(
    "F34: that is full makes enqueuing fail aloud, loses no job, and is used again when there is room",
    () =>
      Effect.gen(function*() {
        const disk = yield* smallDisk
        const server = EmbeddedPostgres.persistent({
          directory: join(disk, "database"),
          settings: { max_wal_size: "64MB", min_wal_size: "32MB" }
        })
        yield* Effect.gen(function*() {
          const { postgres } = yield* Arena.Arena
          yield* Arena.start(["one"])
          yield* Arena.finished(yield* Arena.plain(20, 10), "60 seconds")
          const accepted = new Set<number>()
          yield* fill(join(disk, "ballast"))
          let refused = 0
          for (const _ of Array.from({ length: 40 })) {
            const exit = yield* Effect.exit(Effect.timeout(Arena.plain(500, 1), "10 seconds"))
            if (Exit.isSuccess(exit)) { for (const id of exit.value) accepted.add(id) }
            else refused += 1
            if (refused >= 3) break
          }
          assert.isAbove(refused, 0)
          rmSync(join(disk, "ballast"))
          // The server ends itself when it can not write its log; an operator starts it again.
          yield* Effect.retry(postgres.start, { times: 3 })
          yield* Wait.until(
            "the server",
            "30 seconds",
            PgClient.PgClient.use((sql) => sql.unsafe("select 1")),
            (rows) => rows.length === 1
          )
          for (const id of yield* Arena.plain(20, 10)) accepted.add(id)
          const { jobs } = yield* Arena.finished([...accepted], "60 seconds")
          const completed = new Set(jobs.filter(({ state }) => state === "completed").map(({ id }) => id))
          assert.deepStrictEqual([...accepted].filter((id) => !completed.has(id)), [])
        }).pipe(Effect.provide(Layer.fresh(Arena.layerOn(server))))
      }).pipe(Effect.scoped),
    180_000
  )
})
