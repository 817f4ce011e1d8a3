/**
 * `npm run crash`: a storm of faults over real processes and a real PostgreSQL, and its summary.
 *
 * The exit code is 1 when a rule was broken; the folder with ledgers and logs then stays.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Console, Effect, Layer, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as CrashReport from "./CrashReport.ts"
import * as Live from "./Live.ts"
import * as PeerStorm from "./PeerStorm.ts"
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
  peers: Flag.Boolean("peers").pipe(
    Flag.withDescription("Does the same, in small, to graphile-worker, pg-boss and BullMQ on PostgreSQL, and compares"),
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

interface Choice {
  readonly seed: number
  readonly json: Option.Option<string>
  readonly keep: boolean
  readonly folder: string
}

const write = (json: Option.Option<string>, content: unknown) =>
  Effect.sync(() => {
    if (Option.isSome(json)) writeFileSync(json.value, `${JSON.stringify(content, null, 2)}\n`)
  })

/** Removes the folder with ledgers and logs, unless somebody wants to look for causes. */
const tidy = ({ folder, keep }: Choice, isBroken: boolean) =>
  keep || isBroken
    ? Console.log(`Ledgers and logs: ${folder}`)
    : Effect.sync(() => rmSync(folder, { recursive: true, force: true }))

const storm = Effect.fnUntraced(function*(settings: StormSettings.StormSettings, choice: Choice) {
  const { folder, json, seed } = choice
  yield* Console.log(CrashReport.heading(settings, seed))
  const live = yield* Live.make
  const result = yield* Storm.run({ settings, seed, folder, progress: live.show }).pipe(
    Effect.scoped,
    Effect.provide(server),
    Effect.ensuring(live.stop)
  )
  yield* Console.log(CrashReport.render(result))
  yield* write(json, CrashReport.toJson(settings, result))
  const complaints = CrashReport.complaints(settings, result)
  if (complaints !== "") yield* Console.error(complaints)
  yield* tidy(choice, complaints !== "")
  if (complaints !== "") yield* Effect.sync(() => void (process.exitCode = 1))
})

const peers = Effect.fnUntraced(function*(choice: Choice) {
  const { folder, json, seed } = choice
  yield* PeerStorm.install
  const live = yield* Live.make
  const results: Array<PeerStorm.PeerResult> = []
  yield* Effect.forEach(
    PeerStorm.contenders,
    (contender) =>
      PeerStorm.run(contender, { seed, folder, progress: live.show }).pipe(
        // A server of its own, so that none inherits the bloat of another.
        Effect.provide(Layer.fresh(Layer.provideMerge(EmbeddedPostgres.layerClient, server))),
        // Told as soon as it is known: the run is long.
        Effect.tap((result) =>
          Effect.suspend(() => {
            results.push(result)
            return Effect.andThen(Console.log(PeerStorm.table(results)), write(json, results))
          })
        )
      ),
    { discard: true }
  ).pipe(Effect.ensuring(live.stop))
  yield* tidy(choice, false)
})

const settingsOf = (input: { readonly release: boolean; readonly quick: boolean }) => {
  if (input.release) return StormSettings.release
  return input.quick ? StormSettings.quick : StormSettings.ci
}

const crash = Command.make("crash", flags, (input) =>
  Effect.suspend(() => {
    const choice: Choice = {
      seed: Option.getOrElse(input.seed, () => Math.floor(Date.now() / 1_000)),
      json: input.json,
      keep: input.keep,
      folder: mkdtempSync(join(tmpdir(), "millrace-crash-"))
    }
    return input.peers ? peers(choice) : storm(settingsOf(input), choice)
  })).pipe(Command.withDescription("Kills workers, databases and connections, and counts what survives"))

Command.run(crash, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
