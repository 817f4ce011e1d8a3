/**
 * A folder of a test's own. At the end it is removed, and whatever still works in it is killed.
 */
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ProcessTable from "./ProcessTable.ts"

/** Makes a folder that only this user may enter. */
export const make = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "millrace-system-"))),
  (folder) =>
    Effect.forEach(ProcessTable.processesOf(folder), ({ pid }) => ProcessTable.signal(pid, "SIGKILL")).pipe(
      Effect.andThen(Effect.sync(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })))
    )
)
