/**
 * `millrace keys`: create, list, rotate and revoke API keys.
 *
 * @since 0.1.0
 */
import type { KeyView } from "@millrace/api/KeysApi"
import { CreateKey, RotateKey } from "@millrace/api/KeysApi"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Output from "./Output.ts"
import * as Request from "./Request.ts"
import * as Server from "./Server.ts"
import * as Table from "./Table.ts"

const text = (flag: string, description: string) =>
  Flag.String(flag).pipe(Flag.withDescription(description), Flag.optional)

const id = Argument.String("id").pipe(Argument.withDescription("The id of a key: what is between mr_ and the dot"))

const listText = (keys: ReadonlyArray<KeyView>): string =>
  Table.render([
    { head: "ID", of: (key) => key.id },
    { head: "NAME", of: (key) => key.name },
    { head: "SCOPES", of: (key) => key.scopes.join(",") },
    { head: "QUEUES", of: (key) => key.queues === null ? "all" : key.queues.join(",") },
    { head: "TENANT", of: (key) => key.tenant ?? "all" },
    { head: "EXPIRES AT", of: (key) => Output.instant(key.expiresAt) },
    { head: "REVOKED AT", of: (key) => Output.instant(key.revokedAt) },
    { head: "LAST USED AT", of: (key) => Output.instant(key.lastUsedAt) }
  ], keys)

const create = Command.make(
  "create",
  {
    name: Argument.String("name").pipe(Argument.withDescription("What the key is for")),
    scope: Flag.String("scope").pipe(
      Flag.withDescription("What it may do: enqueue, read, operate or admin; repeatable"),
      Flag.atLeast(1)
    ),
    queue: Flag.String("queue").pipe(
      Flag.withDescription("Only for queues like this; * stands for any characters; repeatable"),
      Flag.atLeast(0)
    ),
    tenant: text("tenant", "Only for jobs of this tenant"),
    expiresIn: text("expires-in", "Until it expires, such as \"90 days\". Defaults to never")
  },
  Effect.fnUntraced(function*({ expiresIn, name, queue, scope, tenant }) {
    const payload = yield* Request.decode(CreateKey, {
      name,
      scopes: scope,
      ...(queue.length === 0 ? {} : { queues: queue }),
      ...Request.definedOf({ tenant, expiresIn })
    })
    const created = yield* Server.ask((client) => client.keys.create({ payload }))
    yield* Output.answer(created, () => `${created.key}\nIt is shown this once. Keep it as MILLRACE_KEY`)
  })
).pipe(Command.withDescription("Create an API key; from the first one on every request needs one"))

const list = Command.make(
  "list",
  {},
  Effect.fnUntraced(function*() {
    const { items } = yield* Server.ask((client) => client.keys.list())
    yield* Output.answer(items, () => listText(items))
  })
).pipe(Command.withDescription("List API keys, newest first; never their secrets"))

const rotate = Command.make(
  "rotate",
  { id, overlap: text("overlap", "How long the secret before stays good, such as \"1 hour\"") },
  Effect.fnUntraced(function*({ id, ...rest }) {
    const payload = yield* Request.decode(RotateKey, Request.definedOf(rest))
    const rotated = yield* Server.ask((client) => client.keys.rotate({ params: { id }, payload }))
    yield* Output.answer(rotated, () => `${rotated.key}\nIt is shown this once. Keep it as MILLRACE_KEY`)
  })
).pipe(Command.withDescription("Give a key a new secret"))

const revoke = Command.make(
  "revoke",
  { id },
  Effect.fnUntraced(function*(params) {
    yield* Server.ask((client) => client.keys.revoke({ params }))
    yield* Output.answer({ revoked: params.id }, () => `key ${params.id}: revoked`)
  })
).pipe(Command.withDescription("Revoke a key for ever"))

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("keys").pipe(
  Command.withDescription("Create, list, rotate and revoke API keys"),
  Command.withSubcommands([create, list, rotate, revoke])
)
