/**
 * `npm run bench`: Millrace and its peers on one machine, one after another, with the same settings.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Bench from "./Bench.ts"
import { BenchmarkFailed } from "./BenchmarkFailed.ts"
import * as Cluster from "./Cluster.ts"
import type { Entry } from "./contenders/Registry.ts"
import { entries } from "./contenders/Registry.ts"
import * as Machine from "./Machine.ts"
import * as Peers from "./Peers.ts"
import * as RedisServer from "./RedisServer.ts"
import * as Report from "./Report.ts"
import * as ResultFile from "./ResultFile.ts"
import type { Scenario } from "./Scenario.ts"
import { scenarios } from "./scenarios/Catalog.ts"
import * as Settings from "./Settings.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const resultsDirectory = fileURLToPath(new URL("../results", import.meta.url))

const names = (items: ReadonlyArray<{ readonly name: string }>): string => items.map(({ name }) => name).join(", ")

/** Picks items by a comma-separated list of names; all of them without a list. */
const pick = <A extends { readonly name: string }>(
  flag: string,
  items: ReadonlyArray<A>,
  list: Option.Option<string>
) => {
  if (Option.isNone(list)) return Effect.succeed(items)
  const wanted = list.value.split(",").map((name) => name.trim()).filter((name) => name !== "")
  const unknown = wanted.filter((name) => !items.some((item) => item.name === name))
  return wanted.length === 0 || unknown.length > 0
    ? Effect.fail(
      new BenchmarkFailed({
        step: `--${flag}`,
        detail: `no such name: ${unknown.join(", ")}. There are: ${names(items)}`
      })
    )
    : Effect.succeed(items.filter((item) => wanted.includes(item.name)))
}

const positive = (name: string) => Flag.Int(name).pipe(Flag.filter((value) => value >= 1, () => "1 or more"))

const flags = {
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription("Smoke test: small sizes, one round, no verdict on time"),
    Flag.withDefault(false)
  ),
  only: Flag.String("only").pipe(
    Flag.withDescription(`Run these contenders only, separated by commas: ${names(entries)}`),
    Flag.optional
  ),
  scenario: Flag.String("scenario").pipe(
    Flag.withDescription(`Run these scenarios only, separated by commas: ${names(scenarios)}`),
    Flag.optional
  ),
  rounds: positive("rounds").pipe(
    Flag.withDescription("Rounds of each scenario, interleaved. Defaults to 3"),
    Flag.optional
  ),
  jobs: positive("jobs").pipe(
    Flag.withDescription(
      "Jobs of the bulk, drain and end-to-end scenarios. Defaults to 40000; enqueue-one runs a tenth"
    ),
    Flag.optional
  ),
  scale: Flag.Finite("scale").pipe(
    Flag.withDescription(
      "Factor on the sizes of the backlogs (1 M scheduled, 10 M finished, 10,000 tenants). Defaults to 1"
    ),
    Flag.filter((value) => value > 0, () => "a number above 0"),
    Flag.withDefault(1)
  ),
  json: Flag.String("json").pipe(
    Flag.withDescription("Also write the results to this file"),
    Flag.withMetavar("FILE"),
    Flag.optional
  )
}

/** Leaves out who needs a Redis that the machine does not have, and says so. */
const present = Effect.fnUntraced(function*(chosen: ReadonlyArray<Entry>, redis: RedisServer.RedisServer | null) {
  const missing = redis === null ? chosen.filter(({ store }) => store === "redis") : []
  for (const entry of missing) yield* Console.error(`skipped ${entry.name}: there is no redis-server on the PATH`)
  return chosen.filter((entry) => !missing.includes(entry))
})

const header = (conditions: ResultFile.Conditions, chosen: ReadonlyArray<Entry>): string => {
  const { machine, postgres } = conditions
  const settings = Object.entries(postgres.settings).map(([name, value]) => `${name}=${value}`)
  return [
    `# Benchmarks of ${conditions.date}, commit ${machine.commit}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`,
    `load average at the start ${machine.loadAtStart.toFixed(2)}`,
    `PostgreSQL ${postgres.version}: ${settings.join(" ")}`,
    conditions.redis === null ? "no Redis" : `Redis ${conditions.redis}, append-only file flushed every second`,
    ...chosen.map((entry) => {
      const version = conditions.peers[entry.name.replace(/-(?:redis|postgres)$/, "")]
      return `${entry.title}${
        version === undefined ? "" : ` ${version}`
      }: ${entry.tuning}; an accepted job ${entry.durability}` +
        (entry.drainShare === 1 ? "" : `; its workers run ${entry.drainShare * 100} % of the jobs`)
    })
  ].join("\n")
}

const gatherConditions = Effect.fnUntraced(
  function*(settings: Settings.Settings, redis: RedisServer.RedisServer | null) {
    const cluster = yield* Cluster.Cluster
    const conditions: ResultFile.Conditions = {
      date: new Date().toISOString(),
      machine: yield* Machine.describe(root),
      settings,
      postgres: { version: cluster.version, settings: cluster.settings },
      redis: redis?.version ?? null,
      peers: yield* Peers.versions
    }
    return conditions
  }
)

const write = Effect.fnUntraced(function*(
  conditions: ResultFile.Conditions,
  results: ReadonlyArray<Report.ScenarioResult>,
  json: Option.Option<string>
) {
  const data = ResultFile.make(conditions, results)
  if (!conditions.settings.quick) {
    const file = `${conditions.date.slice(0, 19).replaceAll(":", "")}-${conditions.machine.commit}.json`
    yield* ResultFile.write(join(resultsDirectory, file), data)
  }
  if (Option.isSome(json)) yield* ResultFile.write(json.value, data)
})

interface Choice {
  readonly entries: ReadonlyArray<Entry>
  readonly scenarios: ReadonlyArray<Scenario>
  readonly settings: Settings.Settings
  readonly json: Option.Option<string>
}

const measure = Effect.fnUntraced(function*({ entries, json, scenarios, settings }: Choice) {
  const redis = entries.some(({ store }) => store === "redis") ? yield* RedisServer.boot : null
  const taking = yield* present(entries, redis)
  const conditions = yield* gatherConditions(settings, redis)
  yield* Console.log(header(conditions, taking))
  const results = yield* Bench.run({
    entries: taking,
    scenarios,
    settings,
    redis,
    progress: Console.error,
    finished: (result) => Console.log(`\n${Report.renderScenario(result, settings)}`)
  })
  yield* write(conditions, results, json)
  if (Report.hasFailures(results)) {
    return yield* new BenchmarkFailed({ step: "benchmarks", detail: "a contender failed; see the tables" })
  }
}, Effect.scoped)

const bench = Command.make(
  "bench",
  flags,
  Effect.fnUntraced(function*(input) {
    const choice: Choice = {
      entries: yield* pick("only", entries, input.only),
      scenarios: yield* pick("scenario", scenarios, input.scenario),
      settings: Settings.make({
        quick: input.quick,
        rounds: Option.getOrUndefined(input.rounds),
        jobs: Option.getOrUndefined(input.jobs),
        scale: input.scale
      }),
      json: input.json
    }
    yield* Peers.install
    yield* measure(choice).pipe(Effect.provide(Cluster.layer))
  })
).pipe(Command.withDescription("Measures Millrace and its peers side by side on one machine"))

Command.run(bench, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
