/**
 * The peers, installed on demand: they are no part of the workspace.
 */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { access, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { failedIn } from "./BenchmarkFailed.ts"

const directory = fileURLToPath(new URL("../peers", import.meta.url))

const names = ["graphile-worker", "pg-boss", "bullmq", "effect-mq"]

const versionOf = async (name: string): Promise<readonly [string, string]> => {
  const text = await readFile(join(directory, "node_modules", name, "package.json"), "utf8")
  const { version }: { readonly version: string } = JSON.parse(text)
  return [name, version]
}

const isInstalled = (): Promise<boolean> =>
  Promise.all(names.map((name) => access(join(directory, "node_modules", name, "package.json")))).then(
    () => true,
    () => false
  )

const installOnce = async (): Promise<void> => {
  if (await isInstalled()) return
  const command = process.platform === "win32" ? "npm.cmd" : "npm"
  // By the lockfile, which stays as it is. Not npm ci: it refuses a lockfile without the optional native parts of
  // other platforms. No scripts: none of the peers needs one.
  const flags = ["--no-save", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
  await promisify(execFile)(command, ["install", ...flags], { cwd: directory })
}

/** Installs the peers from their lockfile unless they are there. */
export const install = Effect.tryPromise({
  try: installOnce,
  catch: failedIn("install the peers (npm install in benchmarks/peers)")
})

/** The versions of the installed peers, by name. */
export const versions = Effect.tryPromise({
  try: () => Promise.all(names.map(versionOf)).then((pairs) => Object.fromEntries(pairs)),
  catch: failedIn("read the versions of the peers")
})
