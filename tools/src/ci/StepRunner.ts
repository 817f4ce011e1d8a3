/**
 * Runs one step as a child process and tells its tally.
 *
 * A step that cannot be started or exceeds `deadline` has failed; the run goes on with the next one.
 */
import { Clock, Console, Duration, Effect, FileSystem, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import type { Step } from "./Step.ts"
import * as Tally from "./Tally.ts"
import * as VitestReport from "./VitestReport.ts"

/** Where to run, and with which environment. */
export interface Place {
  /** The root of the repository. */
  readonly root: string
  /** The search path of the step: the pinned tools come first. */
  readonly path: string
  /** Where vitest writes its report. */
  readonly reportFile: string
  /** Whether somebody watches: a log file shows no colours. */
  readonly isTerminal: boolean
}

interface Finished {
  readonly exitCode: number
  readonly output: string
}

/** No step takes longer; one that does is killed. */
const deadline = Duration.minutes(60)

const failure = (message: string): Finished => ({ exitCode: -1, output: `${message}\n` })

/** The command of a step. What takes long writes to our own output, so that it can be watched. */
const toCommand = (step: Step, place: Place) => {
  const output = step.kind === "check" ? "pipe" : "inherit"
  return ChildProcess.make(step.command, step.args, {
    cwd: place.root,
    env: { PATH: place.path, ...(place.isTerminal ? {} : { NO_COLOR: "1" }) },
    extendEnv: true,
    stdin: "ignore",
    stdout: output,
    stderr: output
  })
}

/** Starts the command and waits for its end; collects the output of a check. */
const execute = Effect.fnUntraced(
  function*(step: Step, place: Place) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const handle = yield* spawner.spawn(toCommand(step, place))
    const chunks: Array<Uint8Array> = []
    if (step.kind === "check") {
      yield* Stream.runForEach(handle.all, (chunk) => Effect.sync(() => chunks.push(chunk)))
    }
    const exitCode = yield* handle.exitCode
    return { exitCode, output: Buffer.concat(chunks).toString("utf8") } satisfies Finished
  },
  Effect.scoped,
  Effect.timeoutOrElse({
    duration: deadline,
    orElse: () => Effect.succeed(failure(`still running after ${Duration.format(deadline)}, killed`))
  }),
  Effect.catch((error) => Effect.succeed(failure(`could not be run: ${error.message}`)))
)

const tallyOf = Effect.fnUntraced(function*(step: Step, place: Place, finished: Finished) {
  if (step.kind !== "tests") {
    return Tally.check(finished.exitCode === 0)
  }
  const files = yield* FileSystem.FileSystem
  const report = yield* Effect.option(files.readFileString(place.reportFile))
  return VitestReport.tally(report, finished.exitCode)
})

/** Runs the step under a heading, prints what it said when it failed, and its result with the time it took. */
export const run = Effect.fnUntraced(function*(step: Step, place: Place) {
  yield* Console.log(`\n== ${step.name}`)
  const started = yield* Clock.currentTimeMillis
  const finished = yield* execute(step, place)
  const tally = yield* tallyOf(step, place, finished)
  const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
  const passed = Tally.isAccepted(tally)
  if (!passed && finished.output !== "") {
    yield* Console.log(finished.output.trimEnd())
  }
  yield* Console.log(`== ${step.name}: ${passed ? "ok" : "FAILED"} in ${seconds.toFixed(1)} s`)
  return tally
})
