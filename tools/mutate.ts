/**
 * `npm run mutate`: drops every guard of the driver's statements, one at a time, and expects a test to fail.
 *
 * A guard that no test misses is a promise that nobody keeps. Guards that cannot be missed, because another one says
 * the same, stand in `tools/equivalent.json` with the reason; one that stands there although a test fails without it,
 * or that is not in any statement any more, is reported too.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Option, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Mutant } from "./src/mutation/Mutant.ts"
import * as Mutation from "./src/mutation/Mutation.ts"

const root = import.meta.dirname

const flags = {
  only: Flag.String("only").pipe(
    Flag.withDescription(`Modules or statements, separated by commas (default: ${Mutation.guarded.join(",")})`),
    Flag.withDefault(Mutation.guarded.join(","))
  ),
  jobs: Flag.Int("jobs").pipe(Flag.withDescription("Test runs at the same time"), Flag.withDefault(2)),
  list: Flag.Boolean("list").pipe(Flag.withDescription("Only list the guards"), Flag.withDefault(false)),
  json: Flag.File("json").pipe(Flag.withDescription("Write the results to this file"), Flag.optional)
}

const line = (mutant: Mutant) => `${mutant.id}  ${mutant.clause} ${mutant.dropped.replace(/\s+/g, " ")}`

const runAll = Effect.fnUntraced(function*(mutants: ReadonlyArray<Mutant>, jobs: number) {
  const known = yield* Mutation.readEquivalent(root)
  let done = 0
  return yield* Effect.forEach(mutants, (mutant) =>
    Effect.gen(function*() {
      const verdict = Mutation.judge(mutant, known, yield* Mutation.isKilled(root, mutant))
      done++
      yield* Console.log(`${done}/${mutants.length} ${verdict.padEnd(10)} ${line(mutant)}`)
      return { ...mutant, verdict }
    }), { concurrency: jobs })
})

const command = Command.make("mutate", flags, (options) =>
  Effect.gen(function*() {
    const mutants = yield* Mutation.select(options.only.split(","))
    if (options.list) return yield* Effect.forEach(mutants, (mutant) => Console.log(line(mutant)), { discard: true })
    if (yield* Mutation.isKilled(root, null)) {
      yield* Console.error("The tests fail without any mutant: see vitest run --config tools/mutation.config.ts")
      process.exitCode = 1
      return
    }
    const results = yield* runAll(mutants, options.jobs)
    if (Option.isSome(options.json)) {
      const files = yield* FileSystem.FileSystem
      const text = yield* Schema.encodeEffect(Schema.fromJsonString(Schema.Unknown))(results)
      yield* files.writeFileString(options.json.value, `${text}\n`)
    }
    const bad = results.filter((result) => result.verdict === "survived" || result.verdict === "misjudged")
    yield* Console.log(Mutation.summary(results))
    for (const mutant of bad) yield* Console.log(`  ${mutant.verdict}: ${line(mutant)}`)
    if (bad.length > 0) process.exitCode = 1
  })).pipe(Command.withDescription("Drops every guard of the SQL statements and expects a test to fail"))

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
