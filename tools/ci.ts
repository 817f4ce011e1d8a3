/**
 * Runs everything that must hold before a change is accepted: `npm test`.
 *
 * Every step runs, whatever happened to the ones before it. The last line of the output is `N passed, N failed`, and
 * the exit code is 0 only when something ran and nothing failed.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Exit, FileSystem, Path } from "effect"
import * as Step from "./src/ci/Step.ts"
import * as StepRunner from "./src/ci/StepRunner.ts"
import * as Tally from "./src/ci/Tally.ts"

const main = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = path.dirname(import.meta.dirname)
  const place: StepRunner.Place = {
    root,
    path: [path.join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(
      process.platform === "win32" ? ";" : ":"
    ),
    reportFile: path.join(yield* files.makeTempDirectoryScoped(), "vitest.json"),
    isTerminal: process.stdout.isTTY
  }
  const tallies = yield* Effect.forEach(Step.all(place.reportFile), (step) => StepRunner.run(step, place))
  const total = Tally.sum(tallies)
  yield* Console.log(`\n${Tally.render(total)}`)
  return Tally.isAccepted(total) ? 0 : 1
}).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

NodeRuntime.runMain(main, {
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) && exit.value === 0 ? 0 : 1)
})
