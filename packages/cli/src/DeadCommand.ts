/**
 * `millrace dead`: lists dead jobs, and redrives them at a pace.
 *
 * @since 0.1.0
 */
import type { JobView } from "@millrace/api/JobView"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as JobFlags from "./JobFlags.ts"
import * as JobText from "./JobText.ts"
import * as Output from "./Output.ts"
import * as Pages from "./Pages.ts"
import * as Progress from "./Progress.ts"
import * as Server from "./Server.ts"

const list = Command.make(
  "list",
  { ...JobFlags.filters, ...Pages.flags },
  Effect.fnUntraced(function*({ all, cursor, limit, ...filters }) {
    const query = { ...JobFlags.toFilter(filters), state: ["dead" as const] }
    const page = yield* Pages.read(
      { all, cursor, limit },
      (position) => Server.ask((client) => client.jobs.list({ query: { ...query, ...position } }))
    )
    yield* Output.answer(page, () => JobText.list(page.items) + Pages.more(page))
  })
).pipe(Command.withDescription("List dead jobs, newest first"))

const positive = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

const flags = {
  rate: Flag.Int("rate").pipe(
    Flag.withDescription("Jobs a second at most, so that what killed them is not overrun. Defaults to 50"),
    Flag.withSchema(positive),
    Flag.withDefault(50)
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withDescription("Jobs at most. Defaults to all that match"),
    Flag.withSchema(positive),
    Flag.optional
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Only list what would be redriven"),
    Flag.withDefault(false)
  ),
  ...JobFlags.filters
}

/** What became of the jobs: `refused` were no longer dead when their turn came. */
interface Redriven {
  readonly redriven: number
  readonly refused: number
}

const redrive = Command.make(
  "redrive",
  flags,
  Effect.fnUntraced(function*({ dryRun, limit, rate, ...filters }) {
    const query = { ...JobFlags.toFilter(filters), state: ["dead" as const] }
    const { items } = yield* Pages.read(
      { all: true, cursor: Option.none(), limit: Option.none() },
      (position) => Server.ask((client) => client.jobs.list({ query: { ...query, ...position } }))
    )
    // The oldest have waited longest.
    const jobs = items.toReversed().slice(0, Option.getOrElse(limit, () => items.length))
    if (dryRun) return yield* Output.answer(jobs, () => JobText.list(jobs))
    const done = yield* Effect.scoped(run(jobs, rate))
    yield* Output.answer(done, () => `${done.redriven} redriven, ${done.refused} no longer dead`)
  })
).pipe(
  Command.withDescription("Run dead jobs again, the oldest first, at a pace"),
  Command.withExamples([
    { command: "millrace dead redrive --name SendWelcome --rate 10", description: "Ten a second" },
    { command: "millrace dead redrive --tenant t1 --dry-run", description: "Look first" }
  ])
)

const run = Effect.fnUntraced(function*(jobs: ReadonlyArray<JobView>, rate: number) {
  const bar = yield* Progress.start(jobs.length)
  let done: Redriven = { redriven: 0, refused: 0 }
  for (const [index, { id }] of jobs.entries()) {
    if (index > 0) yield* Effect.sleep(1000 / rate)
    const redriven = yield* Server.ask((client) => client.jobs.retry({ params: { id } })).pipe(
      Effect.as(true),
      Effect.catchTags({
        JobNotFound: () => Effect.succeed(false),
        IllegalTransition: () => Effect.succeed(false)
      })
    )
    done = redriven ? { ...done, redriven: done.redriven + 1 } : { ...done, refused: done.refused + 1 }
    yield* bar.advance(1, done.refused === 0 ? "" : `${done.refused} refused`)
  }
  return done
})

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("dead").pipe(
  Command.withDescription("List and redrive dead jobs"),
  Command.withSubcommands([list, redrive])
)
