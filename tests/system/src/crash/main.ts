/**
 * `npm run crash`: a storm of faults over real processes and a real PostgreSQL, and its summary.
 *
 * The exit code is 1 when a rule was broken; the folder with ledgers and logs then stays.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as CrashReport from "./CrashReport.ts"
import * as Live from "./Live.ts"
import * as Storm from "./Storm.ts"
import * as StormSettings from "./StormSettings.ts"

const flags = {
  release: Flag.Boolean("release").pipe(
    Flag.withDescription("The size of a release: 1,000 kills, 200 database crashes, 1,000,000 jobs; about 25 minutes"),
    Flag.withDefault(false)
  ),
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription("A tenth of the usual size, in about a minute and a half"),
    Flag.withDefault(false)
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("Decides what happens when, and to whom; default: the present second"),
    Flag.optional
  ),
  keep: Flag.Boolean("keep").pipe(
    Flag.withDescription("Keeps the folder with ledgers and logs, whatever the outcome"),
    Flag.withDefault(false)
  ),
  json: Flag.String("json").pipe(
    Flag.withDescription("Writes the figures to a file as well"),
    Flag.withMetavar("FILE"),
    Flag.optional
  )
}

const server = EmbeddedPostgres.ephemeral({
  durable: true,
  maxConnections: 300,
  settings: { max_wal_size: "2GB", restart_after_crash: "off" }
})

const crash = Command.make(
  "crash",
  flags,
  Effect.fnUntraced(function*(input) {
    const settings = input.release ? StormSettings.release : input.quick ? StormSettings.quick : StormSettings.ci
    const seed = Option.getOrElse(input.seed, () => Math.floor(Date.now() / 1_000))
    const folder = mkdtempSync(join(tmpdir(), "millrace-crash-"))
    yield* Console.log(CrashReport.heading(settings, seed))
    const live = yield* Live.make
    const result = yield* Storm.run({ settings, seed, folder, progress: live.show }).pipe(
      Effect.scoped,
      Effect.provide(server),
      Effect.ensuring(live.stop)
    )
    yield* Console.log(CrashReport.render(result))
    if (Option.isSome(input.json)) {
      writeFileSync(input.json.value, `${JSON.stringify(CrashReport.toJson(settings, result), null, 2)}\n`)
    }
    const broken = CrashReport.shortfalls(settings, result)
    if (broken.length === 0 && result.verdict.violations.length === 0) {
      if (input.keep) return yield* Console.log(`Ledgers and logs: ${folder}`)
      return rmSync(folder, { recursive: true, force: true })
    }
    yield* Console.error(CrashReport.complaints(result, broken, folder))
    return yield* Effect.sync(() => void (process.exitCode = 1))
  })
).pipe(Command.withDescription("Kills workers, databases and connections, and counts what survives"))

Command.run(crash, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
