/**
 * The command `millrace`: its subcommands, and how a run ends.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as AdmissionCommand from "./AdmissionCommand.ts"
import * as BenchCommand from "./BenchCommand.ts"
import * as CompletionsCommand from "./CompletionsCommand.ts"
import * as DeadCommand from "./DeadCommand.ts"
import * as DoctorCommand from "./DoctorCommand.ts"
import * as EnqueueCommand from "./EnqueueCommand.ts"
import * as Failure from "./Failure.ts"
import * as JobsCommand from "./JobsCommand.ts"
import * as KeysCommand from "./KeysCommand.ts"
import * as MigrateCommand from "./MigrateCommand.ts"
import * as ProgramsCommand from "./ProgramsCommand.ts"
import * as QueuesCommand from "./QueuesCommand.ts"
import * as SchedulesCommand from "./SchedulesCommand.ts"
import * as Settings from "./Settings.ts"
import * as StatsCommand from "./StatsCommand.ts"
import * as TopCommand from "./TopCommand.ts"

/**
 * The release of the command line.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const version = "0.1.0"

const completions = CompletionsCommand.make((): Command.Command.Any => command)

/**
 * The command with all its subcommands.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("millrace").pipe(
  Command.withDescription("Durable background jobs: create, watch and steer them; look after their database"),
  Command.withSubcommands([
    {
      group: "Jobs",
      commands: [EnqueueCommand.command, JobsCommand.command, DeadCommand.command, SchedulesCommand.command]
    },
    {
      group: "Service",
      commands: [
        QueuesCommand.queues,
        AdmissionCommand.tenants,
        AdmissionCommand.limits,
        AdmissionCommand.kinds,
        KeysCommand.command,
        QueuesCommand.workers,
        StatsCommand.command,
        TopCommand.command
      ]
    },
    { group: "Database", commands: [MigrateCommand.command, DoctorCommand.command, BenchCommand.command] },
    { group: "Programs", commands: ProgramsCommand.commands },
    { group: "Shell", commands: [completions] }
  ]),
  Command.withGlobalFlags(Settings.all)
)

/** Help where it was asked for; what is wrong with an invocation is told in lines, with the way to the help. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.forEach(
        [
          ...event.errors.map((error) => `millrace: ${error.message}`),
          `Run \`${event.commandPath.join(" ")} --help\` to see what it takes`
        ],
        (line) => Console.error(line),
        { discard: true }
      )
      : CliOutput.defaultPresenter.present(event)
}

/**
 * Runs the command with these arguments; answers the exit code, after everything was said.
 *
 * **Details**
 *
 * An interruption (Ctrl-C) ends with 130.
 *
 * @stability unstable
 * @category running
 * @since 0.1.0
 */
export const run = (args: ReadonlyArray<string>) =>
  Command.runWith(command, { version })(args).pipe(
    Effect.provideService(CliOutput.Presenter, presenter),
    Effect.as<0 | 1 | 2 | 3 | 130>(0),
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(130 as const)
      const { code, lines } = Failure.tell(cause)
      return Effect.as(Effect.forEach(lines, (line) => Console.error(`millrace: ${line}`), { discard: true }), code)
    })
  )
