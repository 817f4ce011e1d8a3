/**
 * `millrace migrate`: what of the tables is there, what is to come, forward and back.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Database from "./Database.ts"
import * as Failure from "./Failure.ts"
import * as Output from "./Output.ts"
import * as Table from "./Table.ts"

const id = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const up = Command.make(
  "up",
  {
    ...Database.flags,
    to: Flag.Int("to").pipe(
      Flag.withDescription("The newest migration to apply. Defaults to all"),
      Flag.withSchema(id),
      Flag.optional
    )
  },
  Effect.fnUntraced(function*({ to, ...given }) {
    const database = yield* Database.open(given)
    const applied = yield* database.up(Option.getOrNull(to))
    yield* Output.answer({ applied }, () => applied.length === 0 ? "nothing to apply" : `applied ${applied.join(", ")}`)
  }, Effect.scoped)
).pipe(Command.withDescription("Apply what is missing; safe from many processes at once"))

const down = Command.make(
  "down",
  {
    ...Database.flags,
    to: Flag.Int("to").pipe(
      Flag.withDescription("The newest migration to keep; 0 takes back everything"),
      Flag.withSchema(id)
    ),
    yes: Flag.Boolean("yes").pipe(
      Flag.withDescription("Yes, with all data in what those migrations created"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ to, yes, ...given }) {
    const database = yield* Database.open(given)
    const doomed = (yield* database.status).filter((each) => each.id > to && each.appliedAt !== null)
    if (doomed.length > 0 && !yes) {
      const names = doomed.map(({ name }) => name).join(", ")
      return yield* Failure.usage("--yes", `is missing: this would drop ${names}, with all data in it`)
    }
    const removed = yield* database.down(to)
    yield* Output.answer(
      { removed },
      () => removed.length === 0 ? "nothing to take back" : `took back ${removed.join(", ")}`
    )
  }, Effect.scoped)
).pipe(Command.withDescription("Take back the newest migrations, with their data"))

const status = Command.make(
  "status",
  Database.flags,
  Effect.fnUntraced(function*(given) {
    const database = yield* Database.open(given)
    const migrations = yield* database.status
    yield* Output.answer(migrations, () =>
      Table.render([
        { head: "ID", of: (each) => each.id, right: true },
        { head: "NAME", of: (each) => each.name },
        { head: "APPLIED AT", of: (each) => each.appliedAt === null ? "not applied" : each.appliedAt.toISOString() }
      ], migrations))
  }, Effect.scoped)
).pipe(Command.withDescription("List migrations and when they were applied"))

const plan = Command.make(
  "plan",
  Database.flags,
  Effect.fnUntraced(function*(given) {
    const database = yield* Database.open(given)
    const planned = yield* database.plan
    yield* Output.answer(planned, () =>
      planned.length === 0
        ? "nothing to apply"
        : planned.map(({ id, name, statements }) => `-- ${id} ${name}\n${statements.join(";\n")};`).join("\n\n"))
  }, Effect.scoped)
).pipe(Command.withDescription("Print the statements that `up` would run"))

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("migrate").pipe(
  Command.withDescription("Create and change the tables in PostgreSQL"),
  Command.withSubcommands([up, down, status, plan])
)
