/**
 * `millrace limits`, `millrace tenants` and `millrace kinds`: who runs next, and who waits.
 *
 * @since 0.1.0
 */
import { LimitOverride, LimitPause, TenantWeight } from "@millrace/api/AdmissionApi"
import type { LimitView, TenantView } from "@millrace/api/AdmissionView"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Output from "./Output.ts"
import * as Pages from "./Pages.ts"
import * as Request from "./Request.ts"
import * as Server from "./Server.ts"
import * as Table from "./Table.ts"

const text = (flag: string, description: string) =>
  Flag.String(flag).pipe(Flag.withDescription(description), Flag.optional)

const numbers = (flag: string, description: string) =>
  Flag.Int(flag).pipe(Flag.withDescription(description), Flag.optional)

const named = (what: string) => Argument.String("name").pipe(Argument.withDescription(`The name of a ${what}`))

const key = text("key", "Only for this key. Defaults to all")

const during = text("during", "For how long, such as \"30 seconds\". Defaults to until it is taken back")

const rate = ({ burst, kind, max, perMillis }: Pick<LimitView, "burst" | "kind" | "max" | "perMillis">): string =>
  kind === "rate" || kind === "window"
    ? `${max} in ${(perMillis ?? 0) / 1000} s${burst === null ? "" : `, burst ${burst}`}`
    : `${max} at a time`

const limitsText = (limits: ReadonlyArray<LimitView>): string =>
  Table.render([
    { head: "LIMIT", of: (limit) => limit.name },
    { head: "KIND", of: (limit) => limit.kind },
    { head: "RULE", of: rate },
    { head: "HELD", of: (limit) => limit.uses.reduce((sum, { held }) => sum + held, 0), right: true },
    { head: "KEYS", of: (limit) => limit.uses.length, right: true },
    { head: "OVERRIDES", of: (limit) => limit.overrides.length, right: true },
    { head: "PAUSED", of: (limit) => limit.pauses.map((pause) => pause.key ?? "all").join(", ") },
    { head: "RELEASE", of: (limit) => limit.release }
  ], limits)

const limitText = (limit: LimitView): string =>
  [
    limitsText([limit]),
    ...limit.overrides.map((override) =>
      `override for ${override.key ?? "all keys"}: ${
        Output.json({ max: override.max, perMillis: override.perMillis, burst: override.burst })
      }` +
      (override.expiresAt === null ? "" : ` until ${Output.instant(override.expiresAt)}`)
    ),
    ...limit.uses.map((use) =>
      `key ${use.key}: ${use.held} held${use.tokens === null ? "" : `, ${use.tokens} tokens left`}`
    )
  ].join("\n")

const showLimits = Effect.fnUntraced(function*() {
  const { items } = yield* Server.ask((client) => client.admission.limits())
  yield* Output.answer(items, () => limitsText(items))
})

const show = Command.make(
  "show",
  { name: named("limit") },
  Effect.fnUntraced(function*(params) {
    const limit = yield* Server.ask((client) => client.admission.limit({ params }))
    yield* Output.answer(limit, () => limitText(limit))
  })
).pipe(Command.withDescription("Show a limit, its overrides and who uses it"))

const override = Command.make(
  "override",
  {
    name: named("limit"),
    key,
    max: numbers("max", "Jobs at a time, or permits; 0 lets nothing start"),
    per: text("per", "The time of the permits of a rate, such as \"1 minute\""),
    burst: numbers("burst", "Permits that a rate saves up"),
    during
  },
  Effect.fnUntraced(function*({ name, ...rest }) {
    const payload = yield* Request.decode(LimitOverride, Request.definedOf(rest))
    const limit = yield* Server.ask((client) => client.admission.override({ params: { name }, payload }))
    yield* Output.answer(limit, () => limitText(limit))
  })
).pipe(Command.withDescription("Give a limit other numbers, for a key or for a time"))

const clear = Command.make(
  "clear",
  { name: named("limit"), key },
  Effect.fnUntraced(function*({ key, name }) {
    const query = Option.isSome(key) ? { key: key.value } : {}
    yield* Server.ask((client) => client.admission.clearOverride({ params: { name }, query }))
    yield* Output.answer({ cleared: name }, () => `limit ${name}: as declared`)
  })
).pipe(Command.withDescription("Take an override back"))

const pauseLimit = Command.make(
  "pause",
  { name: named("limit"), key, during },
  Effect.fnUntraced(function*({ name, ...rest }) {
    const payload = yield* Request.decode(LimitPause, Request.definedOf(rest))
    const limit = yield* Server.ask((client) => client.admission.pauseLimit({ params: { name }, payload }))
    yield* Output.answer(limit, () => `limit ${name}: paused`)
  })
).pipe(Command.withDescription("Let no job under a limit start"))

const resumeLimit = Command.make(
  "resume",
  { name: named("limit"), key },
  Effect.fnUntraced(function*({ key, name }) {
    const payload = Option.isSome(key) ? { key: key.value } : {}
    const limit = yield* Server.ask((client) => client.admission.resumeLimit({ params: { name }, payload }))
    yield* Output.answer(limit, () => `limit ${name}: resumed`)
  })
).pipe(Command.withDescription("Resume a limit"))

/**
 * The command `limits`.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const limits = Command.make("limits", {}, showLimits).pipe(
  Command.withDescription("List, override and pause limits"),
  Command.withSubcommands([
    Command.make("list", {}, showLimits).pipe(Command.withDescription("List limits")),
    show,
    override,
    clear,
    pauseLimit,
    resumeLimit
  ])
)

const tenantsText = (tenants: ReadonlyArray<TenantView>): string =>
  Table.render([
    { head: "TENANT", of: (tenant) => tenant.tenant },
    { head: "AVAILABLE", of: (tenant) => tenant.available, right: true },
    { head: "RUNNING", of: (tenant) => tenant.running, right: true },
    {
      head: "WEIGHT",
      of: (tenant) =>
        tenant.weights.map(({ queue, weight }) => `${weight}${queue === null ? "" : ` in ${queue}`}`).join(", ")
    },
    { head: "PAUSED AT", of: (tenant) => Output.instant(tenant.pausedAt) }
  ], tenants)

const listTenants = Command.make(
  "list",
  Pages.flags,
  Effect.fnUntraced(function*(pages) {
    const page = yield* Pages.read(pages, (query) => Server.ask((client) => client.admission.tenants({ query })))
    yield* Output.answer(page, () => tenantsText(page.items) + Pages.more(page))
  })
).pipe(Command.withDescription("List tenants with jobs, weights or a pause"))

const weigh = Command.make(
  "weight",
  {
    name: named("tenant"),
    weight: Argument.String("weight").pipe(
      Argument.withDescription("0.01 to 100; 1 is what everyone has; \"none\" takes it back")
    ),
    queue: text("queue", "In this queue only. Defaults to all")
  },
  Effect.fnUntraced(function*({ name, queue, weight }) {
    const payload = yield* Request.decode(TenantWeight, {
      weight: weight === "none" ? null : Number(weight),
      ...Request.definedOf({ queue })
    })
    yield* Server.ask((client) => client.admission.weighTenant({ params: { name }, payload }))
    yield* Output.answer(
      { tenant: name, ...payload },
      () => `tenant ${name}: weight ${payload.weight ?? "as everyone"}`
    )
  })
).pipe(Command.withDescription("Set how much of a queue a tenant gets beside others"))

const pauseTenant = Command.make(
  "pause",
  { name: named("tenant") },
  Effect.fnUntraced(function*(params) {
    const done = yield* Server.ask((client) => client.admission.pauseTenant({ params }))
    yield* Output.answer(done, () => `tenant ${params.name}: paused`)
  })
).pipe(Command.withDescription("Let no job of a tenant start"))

const resumeTenant = Command.make(
  "resume",
  { name: named("tenant") },
  Effect.fnUntraced(function*(params) {
    const done = yield* Server.ask((client) => client.admission.resumeTenant({ params }))
    yield* Output.answer(done, () => `tenant ${params.name}: resumed`)
  })
).pipe(Command.withDescription("Resume a tenant"))

/**
 * The command `tenants`.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const tenants = Command.make("tenants").pipe(
  Command.withDescription("List, weigh and pause tenants"),
  Command.withSubcommands([listTenants, weigh, pauseTenant, resumeTenant])
)

const pauseName = Command.make(
  "pause",
  { name: named("kind of job") },
  Effect.fnUntraced(function*(params) {
    const done = yield* Server.ask((client) => client.admission.pauseJobType({ params }))
    yield* Output.answer(done, () => `kind ${params.name}: paused`)
  })
).pipe(Command.withDescription("Let no job of a kind start"))

const resumeName = Command.make(
  "resume",
  { name: named("kind of job") },
  Effect.fnUntraced(function*(params) {
    const done = yield* Server.ask((client) => client.admission.resumeJobType({ params }))
    yield* Output.answer(done, () => `kind ${params.name}: resumed`)
  })
).pipe(Command.withDescription("Resume a kind of job"))

const listNames = Command.make(
  "list",
  {},
  Effect.fnUntraced(function*() {
    const { items } = yield* Server.ask((client) => client.jobs.types())
    yield* Output.answer(items, () =>
      Table.render([
        { head: "NAME", of: (type) => type.name },
        { head: "SOURCE", of: (type) => type.source },
        { head: "QUEUE", of: (type) => type.queue },
        { head: "VERSION", of: (type) => type.version }
      ], items))
  })
).pipe(Command.withDescription("List the kinds of jobs that can be created"))

/**
 * The command `kinds`.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const kinds = Command.make("kinds").pipe(
  Command.withDescription("List, pause and resume kinds of jobs"),
  Command.withSubcommands([listNames, pauseName, resumeName])
)
