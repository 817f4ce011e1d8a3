/**
 * What the server reads from its environment, with every default.
 *
 * | Variable | Meaning | Default |
 * | --- | --- | --- |
 * | `DATABASE_URL` | the PostgreSQL to work on | required by `main.ts` |
 * | `MILLRACE_HOST` | address to listen on; others than loopback need `MILLRACE_AUTH=keys` | `127.0.0.1` |
 * | `MILLRACE_PORT` | port to listen on; 0 lets the system choose | `4080` |
 * | `MILLRACE_ALLOWED_HOSTS` | further host names that requests may name, separated by commas | none |
 * | `MILLRACE_AUTH` | `keys`: every request needs an API key; `auto`: from the first key on | `auto` |
 * | `MILLRACE_ADMIN_KEY` | a key with all rights that is not stored: `mr_<id>.<secret>` | none |
 * | `MILLRACE_DRAIN_SECRET` | lets `POST /api/v1/drain` run jobs for callers with this secret; 16 characters or more | none |
 * | `MILLRACE_PAYLOAD_KEYS` | keys that payloads are encrypted with: `id:secret`, by commas, the first encrypts | none |
 * | `MILLRACE_HIDE_UNKNOWN_PAYLOADS` | `on` shows no payloads of jobs that no module defines | `off` |
 * | `MILLRACE_REQUESTS_PER_SECOND` | requests of one key, and of one address | `1000` |
 * | `MILLRACE_REQUEST_BURST` | requests of one key, and of one address, at once | `2000` |
 * | `MILLRACE_FAILURES_PER_MINUTE` | requests with a wrong key of one address; then all of its requests wait | `20` |
 * | `MILLRACE_JOBS` | modules whose exported job definitions the server knows, separated by commas | none |
 * | `MILLRACE_MIGRATE` | `off` leaves the tables alone | `on` |
 * | `MILLRACE_GRACE` | time that running requests get to end when the server stops | `5 seconds` |
 * | `MILLRACE_REQUEST_TIMEOUT` | longest time of one request, its body included | `15 seconds` |
 * | `MILLRACE_MAX_REQUESTS` | requests at the same time; more are answered 429 | `256` |
 * | `MILLRACE_KEEP_ANSWERS` | how long the answer to a request with an `Idempotency-Key` is kept | `1 day` |
 * | `MILLRACE_REPLICA_URL` | a streaming replica that lists, totals and histories are read from | none |
 * | `MILLRACE_REPLICA_LAG` | how far the replica may be behind | `5 seconds` |
 * | `MILLRACE_CACHE_URL` | a Redis or Valkey that servers share counts in | none |
 * | `MILLRACE_CACHE_TTL` | how old counts out of it may be | `2 seconds` |
 * | `MILLRACE_DATABASE_CONNECTIONS` | connections of the server's pool | `10` |
 * | `MILLRACE_TIMEOUT` | longest attempt of jobs about which nobody says anything | `15 minutes` |
 * | `MILLRACE_RETRY` | how the delays of their attempts grow: `exponential`, `linear`, `fixed`, `none` | `exponential` |
 * | `MILLRACE_RETRY_BASE` | their first delay | `1 second` |
 * | `MILLRACE_RETRY_CAP` | their longest delay | `1 hour` |
 * | `MILLRACE_MAX_ATTEMPTS` | failures after which they are `dead` | `25` |
 * | `MILLRACE_METRICS_INTERVAL` | how often the database pool is looked at and logged | `60 seconds` |
 * | `MILLRACE_LOG_FORMAT` | `json`, `pretty` or `logfmt` | `pretty` at a terminal, else `logfmt` |
 * | `MILLRACE_LOG_LEVEL` | `debug`, `info`, `warn`, `error` or `none` | `info` |
 *
 * An empty variable counts as not set.
 *
 * @since 0.1.0
 */
import { PayloadCodec } from "@millrace/queue"
import * as JobDefaults from "@millrace/queue/JobDefaults"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKeyText from "./ApiKeyText.ts"
import * as HostName from "./HostName.ts"

/**
 * The settings of a server that does not read its environment, such as one in a test.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ServerConfig {
  readonly host: string
  readonly port: number
  readonly allowedHosts: ReadonlyArray<string>
  readonly grace: Duration.Duration
  readonly requestTimeout: Duration.Duration
  readonly maxRequests: number
  readonly keepAnswers: Duration.Duration
  readonly authentication: "auto" | "keys"
  readonly adminKey: Redacted.Redacted | null
  readonly drainSecret: Redacted.Redacted | null
  readonly requestsPerSecond: number
  readonly requestBurst: number
  readonly failuresPerMinute: number
  readonly hideUnknownPayloads: boolean
}

/**
 * The settings that only the program needs, not the server itself.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ProgramConfig {
  readonly databaseUrl: Redacted.Redacted
  readonly replicaUrl: Redacted.Redacted | null
  readonly replicaLag: Duration.Duration
  readonly cacheUrl: Redacted.Redacted | null
  readonly cacheTtl: Duration.Duration
  readonly databaseConnections: number
  readonly databaseMinConnections: number
  readonly databaseIdleTimeout: Duration.Duration
  readonly databaseConnectTimeout: Duration.Duration
  readonly metricsInterval: Duration.Duration
  readonly jobDefaults: JobDefaults.Values
  readonly jobs: ReadonlyArray<string>
  readonly migrate: boolean
  readonly payloadKeys: Redacted.Redacted | null
}

/**
 * The server was told to listen where others than this machine reach it.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ExposedHost extends Schema.TaggedError<ExposedHost>()("ExposedHost", {
  host: Schema.String
}) {
  override get message(): string {
    return `MILLRACE_HOST is ${this.host}, which other machines can reach, and no API key is asked for. Set ` +
      "MILLRACE_AUTH=keys, so that every request needs one (MILLRACE_ADMIN_KEY can be the first), or listen on " +
      "127.0.0.1 or ::1."
  }
}

/**
 * The settings of a server that nobody configured, as in tests.
 *
 * @stability unstable
 * @category config
 * @since 0.1.0
 */
export const defaults: ServerConfig = {
  host: "127.0.0.1",
  port: 4080,
  allowedHosts: [],
  grace: Duration.seconds(5),
  requestTimeout: Duration.seconds(15),
  maxRequests: 256,
  keepAnswers: Duration.days(1),
  authentication: "auto",
  adminKey: null,
  drainSecret: null,
  requestsPerSecond: 1000,
  requestBurst: 2000,
  failuresPerMinute: 20,
  hideUnknownPayloads: false
}

const port = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))

const databaseUrlMessage = "expected the URL of a PostgreSQL, such as postgres://user:password@localhost:5432/app"

const DatabaseUrl = Schema.String.annotate({ message: databaseUrlMessage }).check(
  Schema.makeFilter((text: string) =>
    URL.canParse(text) && ["postgres:", "postgresql:"].includes(new URL(text).protocol) || databaseUrlMessage
  )
)

const cacheUrlMessage =
  "expected the URL of a Redis or Valkey, such as redis://user:password@localhost:6379/0, or rediss://… with TLS"

const isCacheUrl = (text: string): boolean => {
  if (!URL.canParse(text) || /%(?![0-9a-f]{2})/i.test(text)) return false
  const { hostname, pathname, protocol } = new URL(text)
  return ["redis:", "rediss:"].includes(protocol) && hostname !== "" && /^(\/\d*)?$/.test(pathname)
}

const CacheUrl = Schema.String.annotate({ message: cacheUrlMessage }).check(
  Schema.makeFilter((text: string) => isCacheUrl(text) || cacheUrlMessage)
)

const cacheTtlMessage = "expected a duration from 1 millisecond to 1 minute, such as 2 seconds"

const CacheTtl = Schema.DurationFromString.annotate({ message: cacheTtlMessage }).check(
  Schema.makeFilter((duration: Duration.Duration) => {
    const millis = Duration.toMillis(duration)
    return (millis >= 1 && millis <= 60_000) || cacheTtlMessage
  })
)

const adminKeyMessage =
  "expected mr_<id>.<secret>: an id of lower-case letters and digits, and a secret of 43 letters, " +
  "digits, _ or -; millrace-server new-key prints one"

const AdminKey = Schema.String.annotate({ message: adminKeyMessage }).check(
  Schema.makeFilter((text: string) => ApiKeyText.parse(text) !== null || adminKeyMessage)
)

const drainSecretMessage = "expected 16 characters or more, such as `openssl rand -hex 32` prints"

const DrainSecret = Schema.String.annotate({ message: drainSecretMessage }).check(
  Schema.isMinLength(16, { message: drainSecretMessage })
)

const intervalMessage = "expected a duration from 1 millisecond to 1 day, such as 30 seconds"

const interval = Schema.DurationFromString.annotate({ message: intervalMessage }).check(
  Schema.makeFilter((duration: Duration.Duration) => {
    const millis = Duration.toMillis(duration)
    return (millis >= 1 && millis <= 86_400_000) || intervalMessage
  })
)

const natural = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const positive = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

/**
 * The settings of a server.
 *
 * @stability unstable
 * @category config
 * @since 0.1.0
 */
export const server: Config.Config<ServerConfig> = Config.all({
  host: Config.NonEmptyString("MILLRACE_HOST").pipe(Config.withDefault(defaults.host)),
  port: Config.schema(port, "MILLRACE_PORT").pipe(Config.withDefault(defaults.port)),
  allowedHosts: Config.Array(Schema.String, "MILLRACE_ALLOWED_HOSTS").pipe(Config.withDefault(defaults.allowedHosts)),
  grace: Config.Duration("MILLRACE_GRACE").pipe(Config.withDefault(defaults.grace)),
  requestTimeout: Config.Duration("MILLRACE_REQUEST_TIMEOUT").pipe(Config.withDefault(defaults.requestTimeout)),
  maxRequests: Config.schema(positive, "MILLRACE_MAX_REQUESTS").pipe(Config.withDefault(defaults.maxRequests)),
  keepAnswers: Config.Duration("MILLRACE_KEEP_ANSWERS").pipe(Config.withDefault(defaults.keepAnswers)),
  authentication: Config.Literals(["auto", "keys"], "MILLRACE_AUTH").pipe(Config.withDefault(defaults.authentication)),
  adminKey: Config.schema(Schema.Redacted(AdminKey), "MILLRACE_ADMIN_KEY").pipe(Config.withDefault(null)),
  drainSecret: Config.schema(Schema.Redacted(DrainSecret), "MILLRACE_DRAIN_SECRET").pipe(Config.withDefault(null)),
  requestsPerSecond: Config.schema(positive, "MILLRACE_REQUESTS_PER_SECOND").pipe(
    Config.withDefault(defaults.requestsPerSecond)
  ),
  requestBurst: Config.schema(positive, "MILLRACE_REQUEST_BURST").pipe(Config.withDefault(defaults.requestBurst)),
  failuresPerMinute: Config.schema(positive, "MILLRACE_FAILURES_PER_MINUTE").pipe(
    Config.withDefault(defaults.failuresPerMinute)
  ),
  hideUnknownPayloads: Config.Boolean("MILLRACE_HIDE_UNKNOWN_PAYLOADS").pipe(
    Config.withDefault(defaults.hideUnknownPayloads)
  )
})

/**
 * The settings of the program.
 *
 * @stability unstable
 * @category config
 * @since 0.1.0
 */
export const program: Config.Config<ProgramConfig> = Config.all({
  databaseUrl: Config.schema(Schema.Redacted(DatabaseUrl), "DATABASE_URL"),
  replicaUrl: Config.schema(Schema.Redacted(DatabaseUrl), "MILLRACE_REPLICA_URL").pipe(Config.withDefault(null)),
  replicaLag: Config.schema(interval, "MILLRACE_REPLICA_LAG").pipe(Config.withDefault(Duration.seconds(5))),
  cacheUrl: Config.schema(Schema.Redacted(CacheUrl), "MILLRACE_CACHE_URL").pipe(Config.withDefault(null)),
  cacheTtl: Config.schema(CacheTtl, "MILLRACE_CACHE_TTL").pipe(Config.withDefault(Duration.seconds(2))),
  databaseConnections: Config.schema(positive, "MILLRACE_DATABASE_CONNECTIONS").pipe(Config.withDefault(10)),
  databaseMinConnections: Config.schema(natural, "MILLRACE_DATABASE_MIN_CONNECTIONS").pipe(Config.withDefault(0)),
  databaseIdleTimeout: Config.Duration("MILLRACE_DATABASE_IDLE_TIMEOUT").pipe(Config.withDefault(Duration.minutes(1))),
  databaseConnectTimeout: Config.Duration("MILLRACE_DATABASE_CONNECT_TIMEOUT").pipe(
    Config.withDefault(Duration.seconds(5))
  ),
  metricsInterval: Config.schema(interval, "MILLRACE_METRICS_INTERVAL").pipe(Config.withDefault(Duration.seconds(60))),
  jobDefaults: JobDefaults.config,
  jobs: Config.Array(Schema.NonEmptyString, "MILLRACE_JOBS").pipe(Config.withDefault([])),
  migrate: Config.Boolean("MILLRACE_MIGRATE").pipe(Config.withDefault(true)),
  payloadKeys: Config.schema(PayloadCodec.KeysText, "MILLRACE_PAYLOAD_KEYS").pipe(Config.withDefault(null))
})

/**
 * Reads settings from these variables. An empty one counts as not set, as container tools write what is left out.
 *
 * @stability unstable
 * @category config
 * @since 0.1.0
 */
export const provider = (
  variables: { readonly [name: string]: string | undefined }
): ConfigProvider.ConfigProvider =>
  ConfigProvider.fromEnv({
    env: Object.fromEntries(
      Object.entries(variables).flatMap(([name, value]) => value === undefined || value === "" ? [] : [[name, value]])
    )
  })

/**
 * Lets settings pass whose host only this machine can reach, or that ask for keys, and refuses others.
 *
 * @stability unstable
 * @category validation
 * @since 0.1.0
 */
export const refuseExposed = (config: ServerConfig): Effect.Effect<ServerConfig, ExposedHost> =>
  HostName.isLoopback(config.host) || config.authentication === "keys" || config.adminKey !== null
    ? Effect.succeed(config) :
    Effect.fail(new ExposedHost({ host: config.host }))
