/**
 * What a worker is told: by flags, else by its environment, else the default.
 *
 * | Flag | Variable | Meaning | Default |
 * | --- | --- | --- | --- |
 * | `--jobs` (repeatable) | `MILLRACE_JOBS` (commas) | modules whose exported job layers are served | none |
 * | `--queue` (repeatable) | `MILLRACE_QUEUES` (commas) | queues to work for | `default` |
 * | `--concurrency` | `MILLRACE_CONCURRENCY` | jobs at the same time, per queue: 1 to 10,000, or bounds such as `2-50` | `10` |
 * | `--lease` | `MILLRACE_LEASE` | how long the storage trusts a silent worker; at least 1 second | `12 seconds` |
 * | `--grace` | `MILLRACE_GRACE` | time that running jobs get when the worker stops | `8 seconds` |
 * | `--poll` | `MILLRACE_POLL` | pause between two looks of an idle worker | `1 second` |
 * | `--database-url` | `DATABASE_URL` | the PostgreSQL to work on | required |
 * | `--no-builtin` | `MILLRACE_BUILTIN=false` | leaves the built-in jobs out | served |
 * | `--log-format` | `MILLRACE_LOG_FORMAT` | `json`, `pretty` or `logfmt` | `pretty` at a terminal, else `logfmt` |
 * | `--log-level` | `MILLRACE_LOG_LEVEL` | `debug`, `info`, `warn`, `error`, `none` … | `info` |
 * | | `MILLRACE_STANDSTILL` | how long the lease is kept while the event loop stands still | `5 minutes` |
 * | | `MILLRACE_RECYCLE` | ends the process when a handler is stuck for so long, or its event loop is dead | `off` |
 * | | `MILLRACE_KEEP_FINISHED` | how long `completed` and `cancelled` jobs are kept | `30 days` |
 * | | `MILLRACE_KEEP_DEAD` | how long `dead` jobs are kept | `90 days` |
 * | | `MILLRACE_KEEP_AUDIT` | how long lines of the audit are kept, 30 days or more | `90 days` |
 * | | `MILLRACE_KEEP_SAMPLES` | how long samples of the queues and resolved alerts are kept | `14 days` |
 * | | `MILLRACE_ALERT_WEBHOOKS` (commas) | URLs that are told of alerts | none |
 * | | `MILLRACE_ALERT_SECRETS` (commas) | one or two secrets that webhooks are signed with, the newer first | none |
 * | | `MILLRACE_ALERT_PRIVATE` | `on` lets webhooks have addresses of private networks | `off` |
 * | | `MILLRACE_ALERT_EMAIL` | the address that is told of alerts by mail | none |
 * | | `MILLRACE_ALERT_DEPTH` | an alert above so many available jobs of a queue | `10000` |
 * | | `MILLRACE_ALERT_OLDEST` | an alert when a job has been due for longer | `5 minutes` |
 * | | `MILLRACE_ALERT_RUNNING` | an alert when a job has been claimed for longer | `1 hour` |
 * | | `MILLRACE_ALERT_DEAD_RATE` | an alert above this share of dead jobs among those that ended | `0.1` |
 * | | `MILLRACE_SCHEDULE_OWNER` | whose the schedules of the modules are; the same for all workers with these modules | `default` |
 * | | `MILLRACE_MIGRATE` | `off` leaves the tables alone and waits for them | `on` |
 * | | `MILLRACE_PREFETCH` | jobs of a queue that are claimed ahead of free slots: 0 to 10,000 | `500` |
 * | | `MILLRACE_PAYLOAD_KEYS` (commas) | keys that payloads are encrypted with: `id:secret`, the first encrypts | none |
 * | | `MILLRACE_DATABASE_CONNECTIONS` | most connections of the pool | `10` |
 * | | `MILLRACE_DATABASE_MIN_CONNECTIONS` | connections that are kept open | `0` |
 * | | `MILLRACE_DATABASE_IDLE_TIMEOUT` | after which an unused connection is closed | `1 minute` |
 * | | `MILLRACE_DATABASE_CONNECT_TIMEOUT` | longest time to open a connection | `5 seconds` |
 * | | `MILLRACE_TIMEOUT` | longest attempt of jobs about which nobody says anything | `15 minutes` |
 * | | `MILLRACE_RETRY` | how their delays grow: `exponential`, `linear`, `fixed`, `none` | `exponential` |
 * | | `MILLRACE_RETRY_BASE` | their first delay | `1 second` |
 * | | `MILLRACE_RETRY_CAP` | their longest delay | `1 hour` |
 * | | `MILLRACE_MAX_ATTEMPTS` | failures after which they are `dead` | `25` |
 * | | `MILLRACE_METRICS_INTERVAL` | how often the database pool is looked at and logged | `60 seconds` |
 *
 * @since 0.1.0
 */
import type * as AlertRules from "@millrace/jobs/AlertRules"
import type * as AlertTargets from "@millrace/jobs/AlertTargets"
import * as EmailPayload from "@millrace/jobs/EmailPayload"
import * as JobDefaults from "@millrace/queue/JobDefaults"
import * as PayloadCodec from "@millrace/queue/PayloadCodec"
import type * as WorkerOptions from "@millrace/queue/WorkerOptions"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/**
 * The formats of the log.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export const logFormats = ["json", "pretty", "logfmt"] as const

/**
 * The settings of a worker. `logFormat` null: by whether somebody watches.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface WorkerSettings {
  readonly jobs: ReadonlyArray<string>
  readonly queues: ReadonlyArray<string>
  readonly concurrency: WorkerOptions.Concurrency
  readonly lease: Duration.Duration
  readonly grace: Duration.Duration
  readonly poll: Duration.Duration
  readonly standstill: Duration.Duration
  /** How long a handler may be stuck before the process ends; null: for ever. */
  readonly recycle: Duration.Duration | null
  readonly keepFinished: Duration.Duration
  readonly keepDead: Duration.Duration
  readonly keepAudit: Duration.Duration
  readonly keepSamples: Duration.Duration
  readonly thresholds: AlertRules.Thresholds
  readonly alerts: AlertTargets.Targets
  readonly scheduleOwner: string
  readonly databaseUrl: Redacted.Redacted
  readonly prefetch: number | null
  readonly databaseConnections: number
  readonly databaseMinConnections: number
  readonly databaseIdleTimeout: Duration.Duration
  readonly databaseConnectTimeout: Duration.Duration
  readonly metricsInterval: Duration.Duration
  readonly jobDefaults: JobDefaults.Values
  readonly builtin: boolean
  readonly migrate: boolean
  readonly payloadKeys: Redacted.Redacted | null
  readonly logFormat: typeof logFormats[number] | null
  readonly logLevel: LogLevel.LogLevel
}

/**
 * No database was named, or not by a URL of PostgreSQL.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class WrongDatabaseUrl extends Schema.TaggedError<WrongDatabaseUrl>()("WrongDatabaseUrl", {
  isMissing: Schema.Boolean
}) {
  override get message(): string {
    const found = this.isMissing ? "No database is named" : "The database is not named by a URL of PostgreSQL"
    return `${found}: pass --database-url or set DATABASE_URL, such as postgres://user:password@localhost:5432/app`
  }
}

const Concurrency = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: 10_000 }, { message: "must be a whole number from 1 to 10000" })
)

const slotsMessage = "must be a whole number from 1 to 10000, or two of them, the smaller first, such as 2-50"

/** A number of slots, or bounds between which the worker chooses. */
const Slots = Schema.String.check(
  Schema.makeFilter((text) => slotsOf(text) !== null || slotsMessage)
).pipe(Schema.decodeTo(
  Schema.Union([Concurrency, Schema.Struct({ min: Concurrency, max: Concurrency })]),
  SchemaTransformation.transform({
    decode: (text: string) => slotsOf(text) ?? 0,
    encode: (slots) => typeof slots === "number" ? String(slots) : `${slots.min}-${slots.max}`
  })
))

const slotsOf = (text: string): WorkerOptions.Concurrency | null => {
  const [, min = "", max] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text.trim()) ?? []
  const [least, most] = [Number(min), Number(max ?? min)]
  if (least < 1 || most < least || most > 10_000) return null
  return max === undefined ? least : { min: least, max: most }
}

const Ahead = Schema.Int.check(
  Schema.isBetween({ minimum: 0, maximum: 10_000 }, { message: "must be a whole number from 0 to 10000" })
)

const DurationText = Schema.String.check(
  Schema.makeFilter((text) =>
    Result.isSuccess(Schema.decodeUnknownResult(Schema.DurationFromString)(text)) ||
    "must be a duration such as 500 millis, 30 seconds or 2 minutes"
  )
)

const atLeast = (millis: number, message: string) =>
  DurationText.pipe(Schema.decodeTo(Schema.DurationFromString)).check(
    Schema.makeFilter((duration) => {
      const length = Duration.toMillis(duration)
      return (length >= millis && length <= 86_400_000) || message
    })
  )

const Lease = atLeast(1000, "must be from 1 second to 1 day")

const Pause = atLeast(1, "must be from 1 millisecond to 1 day")

const Grace = atLeast(0, "must be from 0 seconds to 1 day")

const Keep = DurationText.pipe(Schema.decodeTo(Schema.DurationFromString)).check(
  Schema.makeFilter((duration) => {
    const length = Duration.toMillis(duration)
    return (length >= 0 && length <= 100 * 365 * 86_400_000) || "must be from 0 seconds to 36500 days"
  })
)

/** The database refuses to drop what is younger than 30 days. */
const KeepAudit = DurationText.pipe(Schema.decodeTo(Schema.DurationFromString)).check(
  Schema.makeFilter((duration) => {
    const length = Duration.toMillis(duration)
    return (length >= 30 * 86_400_000 && length <= 100 * 365 * 86_400_000) || "must be from 30 days to 36500 days"
  })
)

const Secret = Schema.String.check(
  Schema.isPattern(/^[^,\s]{16,}$/, { message: "must be one or two secrets of 16 characters or more, without spaces" })
)

/** Two, so that receivers can change from one to the other without a gap. */
const Secrets = Schema.Redacted(
  Schema.String.check(
    Schema.makeFilter((text) => {
      const parts = text.split(",")
      return (parts.length <= 2 && parts.every((part) => Schema.is(Secret)(part))) ||
        "must be one or two secrets of 16 characters or more, with a comma between them"
    })
  )
)

const secretsOf = (text: Redacted.Redacted): ReadonlyArray<Redacted.Redacted> =>
  Redacted.value(text).split(",").map((secret) => Redacted.make(secret))

const Rate = Schema.Finite.check(
  Schema.isBetween({ minimum: 0, maximum: 1 }, { message: "must be a number from 0 to 1" })
)

const Depth = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: 2_147_483_647 }, { message: "must be a whole number, 1 or more" })
)

const Recycle = Schema.Union([Schema.Literal("off"), Pause])

const Name = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}]{1,255}$/u, { message: "must be 1 to 255 characters, none of them a control character" })
)

/**
 * The flags. What is left out is looked up in the environment.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const flags = {
  jobs: Flag.String("jobs").pipe(
    Flag.withDescription("A module (.ts, .js) whose exported job layers are served; repeatable; also MILLRACE_JOBS"),
    Flag.withMetavar("<module>"),
    Flag.atLeast(0)
  ),
  queues: Flag.String("queue").pipe(
    Flag.withSchema(Name),
    Flag.withDescription("A queue to work for; repeatable; also MILLRACE_QUEUES; default: default"),
    Flag.withMetavar("<name>"),
    Flag.atLeast(0)
  ),
  concurrency: Flag.String("concurrency").pipe(
    Flag.withSchema(Slots),
    Flag.withDescription(
      "Jobs at the same time, per queue (1 to 10000), or bounds such as 2-50; also MILLRACE_CONCURRENCY; default: 10"
    ),
    Flag.withMetavar("<number>"),
    Flag.optional
  ),
  lease: Flag.String("lease").pipe(
    Flag.withSchema(Lease),
    Flag.withDescription("How long the storage trusts a silent worker; also MILLRACE_LEASE; default: 12 seconds"),
    Flag.withMetavar("<duration>"),
    Flag.optional
  ),
  grace: Flag.String("grace").pipe(
    Flag.withSchema(Grace),
    Flag.withDescription("Time running jobs get when the worker stops; also MILLRACE_GRACE; default: 8 seconds"),
    Flag.withMetavar("<duration>"),
    Flag.optional
  ),
  poll: Flag.String("poll").pipe(
    Flag.withSchema(Pause),
    Flag.withDescription("Pause between two looks of an idle worker; also MILLRACE_POLL; default: 1 second"),
    Flag.withMetavar("<duration>"),
    Flag.optional
  ),
  databaseUrl: Flag.Redacted("database-url").pipe(
    Flag.withDescription("The PostgreSQL to work on; better DATABASE_URL: others can read the arguments of a process"),
    Flag.withMetavar("<url>"),
    Flag.optional
  ),
  builtin: Flag.Boolean("builtin").pipe(
    Flag.withDescription("Whether the built-in jobs are served; also MILLRACE_BUILTIN; default: true"),
    Flag.optional
  ),
  logFormat: Flag.Literals("log-format", logFormats).pipe(
    Flag.withDescription("Format of the log; also MILLRACE_LOG_FORMAT; default: pretty at a terminal, else logfmt"),
    Flag.optional
  )
}

/**
 * The flags as they were given.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export interface Flags {
  readonly jobs: ReadonlyArray<string>
  readonly queues: ReadonlyArray<string>
  readonly concurrency: Option.Option<WorkerOptions.Concurrency>
  readonly lease: Option.Option<Duration.Duration>
  readonly grace: Option.Option<Duration.Duration>
  readonly poll: Option.Option<Duration.Duration>
  readonly databaseUrl: Option.Option<Redacted.Redacted>
  readonly builtin: Option.Option<boolean>
  readonly logFormat: Option.Option<typeof logFormats[number]>
}

const levels = {
  all: "All",
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  fatal: "Fatal",
  none: "None"
} as const satisfies { readonly [name: string]: LogLevel.LogLevel }

/** Levels are read in any case, as the flag and the server read them. */
const Level = Schema.String.check(
  Schema.makeFilter((text: string) =>
    Object.hasOwn(levels, text.toLowerCase()) || `must be one of ${Object.keys(levels).join(", ")}`
  )
).pipe(Schema.decodeTo(
  Schema.Literals(Object.values(levels)),
  SchemaTransformation.transform({
    decode: (text: string) => levels[text.toLowerCase() as keyof typeof levels],
    encode: (level) => level.toLowerCase()
  })
))

const environment = Config.all({
  jobs: Config.Array(Schema.NonEmptyString, "MILLRACE_JOBS").pipe(Config.withDefault([])),
  queues: Config.Array(Name, "MILLRACE_QUEUES").pipe(Config.withDefault(["default"])),
  concurrency: Config.schema(Slots, "MILLRACE_CONCURRENCY").pipe(Config.withDefault(10)),
  lease: Config.schema(Lease, "MILLRACE_LEASE").pipe(Config.withDefault(Duration.seconds(12))),
  grace: Config.schema(Grace, "MILLRACE_GRACE").pipe(Config.withDefault(Duration.seconds(8))),
  poll: Config.schema(Pause, "MILLRACE_POLL").pipe(Config.withDefault(Duration.seconds(1))),
  standstill: Config.schema(Pause, "MILLRACE_STANDSTILL").pipe(Config.withDefault(Duration.minutes(5))),
  recycle: Config.schema(Recycle, "MILLRACE_RECYCLE").pipe(Config.withDefault("off" as const)),
  keepFinished: Config.schema(Keep, "MILLRACE_KEEP_FINISHED").pipe(Config.withDefault(Duration.days(30))),
  keepDead: Config.schema(Keep, "MILLRACE_KEEP_DEAD").pipe(Config.withDefault(Duration.days(90))),
  keepAudit: Config.schema(KeepAudit, "MILLRACE_KEEP_AUDIT").pipe(Config.withDefault(Duration.days(90))),
  keepSamples: Config.schema(Keep, "MILLRACE_KEEP_SAMPLES").pipe(Config.withDefault(Duration.days(14))),
  alertWebhooks: Config.Array(EmailPayload.HttpUrl, "MILLRACE_ALERT_WEBHOOKS").pipe(Config.withDefault([])),
  alertSecrets: Config.schema(Secrets, "MILLRACE_ALERT_SECRETS").pipe(Config.map(secretsOf), Config.withDefault([])),
  alertPrivate: Config.Boolean("MILLRACE_ALERT_PRIVATE").pipe(Config.withDefault(false)),
  alertEmail: Config.schema(EmailPayload.EmailAddress, "MILLRACE_ALERT_EMAIL").pipe(Config.withDefault(null)),
  alertDepth: Config.schema(Depth, "MILLRACE_ALERT_DEPTH").pipe(Config.withDefault(10_000)),
  alertOldest: Config.schema(Pause, "MILLRACE_ALERT_OLDEST").pipe(Config.withDefault(Duration.minutes(5))),
  alertRunning: Config.schema(Pause, "MILLRACE_ALERT_RUNNING").pipe(Config.withDefault(Duration.hours(1))),
  alertDeadRate: Config.schema(Rate, "MILLRACE_ALERT_DEAD_RATE").pipe(Config.withDefault(0.1)),
  scheduleOwner: Config.schema(Name, "MILLRACE_SCHEDULE_OWNER").pipe(Config.withDefault("default")),
  databaseUrl: Config.option(Config.Redacted("DATABASE_URL")),
  prefetch: Config.schema(Ahead, "MILLRACE_PREFETCH").pipe(Config.withDefault(null)),
  databaseConnections: Config.schema(Concurrency, "MILLRACE_DATABASE_CONNECTIONS").pipe(Config.withDefault(10)),
  databaseMinConnections: Config.schema(Ahead, "MILLRACE_DATABASE_MIN_CONNECTIONS").pipe(Config.withDefault(0)),
  databaseIdleTimeout: Config.schema(Pause, "MILLRACE_DATABASE_IDLE_TIMEOUT").pipe(
    Config.withDefault(Duration.minutes(1))
  ),
  databaseConnectTimeout: Config.schema(Pause, "MILLRACE_DATABASE_CONNECT_TIMEOUT").pipe(
    Config.withDefault(Duration.seconds(5))
  ),
  jobDefaults: JobDefaults.config,
  metricsInterval: Config.schema(Pause, "MILLRACE_METRICS_INTERVAL").pipe(Config.withDefault(Duration.seconds(60))),
  builtin: Config.Boolean("MILLRACE_BUILTIN").pipe(Config.withDefault(true)),
  migrate: Config.Boolean("MILLRACE_MIGRATE").pipe(Config.withDefault(true)),
  payloadKeys: Config.schema(PayloadCodec.KeysText, "MILLRACE_PAYLOAD_KEYS").pipe(Config.withDefault(null)),
  logFormat: Config.option(Config.Literals(logFormats, "MILLRACE_LOG_FORMAT")),
  logLevel: Config.schema(Level, "MILLRACE_LOG_LEVEL").pipe(Config.withDefault("Info"))
})

/**
 * The settings for these flags and this environment.
 *
 * **Errors**
 *
 * `ConfigError` names the variable that is wrong, and what is allowed. `WrongDatabaseUrl`.
 *
 * @stability unstable
 * @category settings
 * @since 0.1.0
 */
export const resolve = Effect.fnUntraced(function*(given: Flags) {
  const found = yield* environment
  const logLevel = yield* GlobalFlag.LogLevel
  const databaseUrl = Option.orElse(given.databaseUrl, () => found.databaseUrl)
  if (Option.isNone(databaseUrl) || !isPostgresUrl(Redacted.value(databaseUrl.value))) {
    return yield* new WrongDatabaseUrl({ isMissing: Option.isNone(databaseUrl) })
  }
  return {
    jobs: given.jobs.length === 0 ? found.jobs : given.jobs,
    queues: [...new Set(given.queues.length === 0 ? found.queues : given.queues)],
    concurrency: Option.getOrElse(given.concurrency, () => found.concurrency),
    lease: Option.getOrElse(given.lease, () => found.lease),
    grace: Option.getOrElse(given.grace, () => found.grace),
    poll: Option.getOrElse(given.poll, () => found.poll),
    standstill: found.standstill,
    keepFinished: found.keepFinished,
    keepDead: found.keepDead,
    keepAudit: found.keepAudit,
    keepSamples: found.keepSamples,
    thresholds: {
      depth: found.alertDepth,
      oldestMillis: Math.ceil(Duration.toMillis(found.alertOldest)),
      runningMillis: Math.ceil(Duration.toMillis(found.alertRunning)),
      deadRate: found.alertDeadRate
    },
    alerts: {
      webhooks: found.alertWebhooks,
      secrets: found.alertSecrets,
      mayBePrivate: found.alertPrivate,
      email: found.alertEmail
    },
    scheduleOwner: found.scheduleOwner,
    recycle: found.recycle === "off" ? null : found.recycle,
    databaseUrl: databaseUrl.value,
    prefetch: found.prefetch,
    databaseConnections: found.databaseConnections,
    databaseMinConnections: found.databaseMinConnections,
    databaseIdleTimeout: found.databaseIdleTimeout,
    databaseConnectTimeout: found.databaseConnectTimeout,
    metricsInterval: found.metricsInterval,
    jobDefaults: found.jobDefaults,
    builtin: Option.getOrElse(given.builtin, () => found.builtin),
    migrate: found.migrate,
    payloadKeys: found.payloadKeys,
    logFormat: Option.getOrNull(Option.orElse(given.logFormat, () => found.logFormat)),
    logLevel: Option.getOrElse(logLevel, () => found.logLevel)
  } satisfies WorkerSettings
})

const isPostgresUrl = (text: string): boolean =>
  URL.canParse(text) && ["postgres:", "postgresql:"].includes(new URL(text).protocol)
