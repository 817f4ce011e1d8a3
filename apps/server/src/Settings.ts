/**
 * Every variable that the server reads: the table of `docs/guides/settings.md`, which a test compares with this.
 *
 * @since 0.1.0
 */

/**
 * A setting.
 *
 * **Details**
 *
 * `example` is a value that has an effect, `wrong` one that stops the start; null: any text will do.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Setting {
  readonly variable: string
  readonly meaning: string
  readonly allowed: string
  readonly byDefault: string
  readonly example: string
  readonly wrong: string | null
}

const listening: ReadonlyArray<Setting> = [
  {
    variable: "MILLRACE_HOST",
    meaning: "address to listen on",
    allowed: "a name or an address; others than loopback need `MILLRACE_AUTH=keys` or `MILLRACE_ADMIN_KEY`",
    byDefault: "`127.0.0.1`",
    example: "::1",
    wrong: null
  },
  {
    variable: "MILLRACE_PORT",
    meaning: "port to listen on; 0 lets the system choose",
    allowed: "0 to 65535",
    byDefault: "`4080`",
    example: "8080",
    wrong: "65536"
  },
  {
    variable: "MILLRACE_ALLOWED_HOSTS",
    meaning: "further host names that requests may name",
    allowed: "names, separated by commas",
    byDefault: "none",
    example: "jobs.internal",
    wrong: null
  },
  {
    variable: "MILLRACE_REQUEST_TIMEOUT",
    meaning: "longest time of one request, its body included",
    allowed: "a duration",
    byDefault: "`15 seconds`",
    example: "1 minute",
    wrong: "soon"
  },
  {
    variable: "MILLRACE_GRACE",
    meaning: "time that running requests get when the server stops",
    allowed: "a duration",
    byDefault: "`5 seconds`",
    example: "1 second",
    wrong: "later"
  },
  {
    variable: "MILLRACE_MAX_REQUESTS",
    meaning: "requests at the same time; more are answered 429",
    allowed: "1 or more",
    byDefault: "`256`",
    example: "8",
    wrong: "0"
  },
  {
    variable: "MILLRACE_KEEP_ANSWERS",
    meaning: "how long the answer to a request with an `Idempotency-Key` is kept",
    allowed: "a duration",
    byDefault: "`1 day`",
    example: "1 week",
    wrong: "always"
  }
]

const access: ReadonlyArray<Setting> = [
  {
    variable: "MILLRACE_AUTH",
    meaning: "`keys`: every request needs an API key; `auto`: from the first key on",
    allowed: "`auto`, `keys`",
    byDefault: "`auto`",
    example: "keys",
    wrong: "none"
  },
  {
    variable: "MILLRACE_ADMIN_KEY",
    meaning: "a key with all rights that is not stored",
    allowed: "`mr_<id>.<secret>`, as `millrace-server new-key` prints",
    byDefault: "none",
    example: `mr_boss.${"s".repeat(43)}`,
    wrong: "letmein"
  },
  {
    variable: "MILLRACE_REQUESTS_PER_SECOND",
    meaning: "requests of one key, and of one address",
    allowed: "1 or more",
    byDefault: "`1000`",
    example: "7",
    wrong: "-1"
  },
  {
    variable: "MILLRACE_REQUEST_BURST",
    meaning: "requests of one key, and of one address, at once",
    allowed: "1 or more",
    byDefault: "`2000`",
    example: "9",
    wrong: "many"
  },
  {
    variable: "MILLRACE_FAILURES_PER_MINUTE",
    meaning: "requests with a wrong key of one address before it waits",
    allowed: "1 or more",
    byDefault: "`20`",
    example: "3",
    wrong: "0"
  },
  {
    variable: "MILLRACE_DRAIN_SECRET",
    meaning: "what callers of `POST /api/v1/drain` must know; without it there is no drain",
    allowed: "16 characters or more",
    byDefault: "none",
    example: "0123456789abcdef",
    wrong: "short"
  },
  {
    variable: "MILLRACE_PAYLOAD_KEYS",
    meaning: "encrypts what is stored of jobs; the first key encrypts, all decrypt; see [encryption](encryption.md)",
    allowed: "`id:secret`, separated by commas, each secret the base64 of 32 bytes",
    byDefault: "none",
    example: "2026:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    wrong: "2026:AQEBAQEBAQEBAQEBAQEBAQ=="
  },
  {
    variable: "MILLRACE_HIDE_UNKNOWN_PAYLOADS",
    meaning: "shows no payloads of jobs that `MILLRACE_JOBS` does not define; see [redaction](redaction.md)",
    allowed: "`on`, `off`",
    byDefault: "`off`",
    example: "on",
    wrong: "maybe"
  }
]

const database: ReadonlyArray<Setting> = [
  {
    variable: "DATABASE_URL",
    meaning: "the PostgreSQL to work on",
    allowed: "`postgres://user:password@host:port/name`",
    byDefault: "required",
    example: "postgres://elsewhere/jobs",
    wrong: "mysql://localhost/jobs"
  },
  {
    variable: "MILLRACE_REPLICA_URL",
    meaning: "a streaming replica that lists, totals and histories are read from",
    allowed: "`postgres://user:password@host:port/name`",
    byDefault: "none",
    example: "postgres://replica/jobs",
    wrong: "mysql://replica/jobs"
  },
  {
    variable: "MILLRACE_REPLICA_LAG",
    meaning: "how far the replica may be behind; then the primary is read",
    allowed: "a duration from 1 millisecond to 1 day",
    byDefault: "`5 seconds`",
    example: "30 seconds",
    wrong: "soon"
  },
  {
    variable: "MILLRACE_CACHE_URL",
    meaning: "a Redis or Valkey that servers share the counts they show in",
    allowed: "`redis://user:password@host:port/0`, `rediss://` with TLS",
    byDefault: "none",
    example: "redis://cache:6379/1",
    wrong: "memcached://cache:11211"
  },
  {
    variable: "MILLRACE_CACHE_TTL",
    meaning: "how old counts out of it may be",
    allowed: "a duration from 1 millisecond to 1 minute",
    byDefault: "`2 seconds`",
    example: "10 seconds",
    wrong: "2 hours"
  },
  {
    variable: "MILLRACE_DATABASE_CONNECTIONS",
    meaning: "most connections of the pool: 10 for a small plan, up to 50 beside a large server",
    allowed: "1 or more",
    byDefault: "`10`",
    example: "3",
    wrong: "0"
  },
  {
    variable: "MILLRACE_DATABASE_MIN_CONNECTIONS",
    meaning: "connections that are kept open",
    allowed: "0 or more",
    byDefault: "`0`",
    example: "2",
    wrong: "-1"
  },
  {
    variable: "MILLRACE_DATABASE_IDLE_TIMEOUT",
    meaning: "after which an unused connection is closed",
    allowed: "a duration",
    byDefault: "`1 minute`",
    example: "10 seconds",
    wrong: "never"
  },
  {
    variable: "MILLRACE_DATABASE_CONNECT_TIMEOUT",
    meaning: "longest time to open a connection",
    allowed: "a duration",
    byDefault: "`5 seconds`",
    example: "2 seconds",
    wrong: "quick"
  },
  {
    variable: "MILLRACE_METRICS_INTERVAL",
    meaning: "how often the database pool is looked at and logged",
    allowed: "a duration",
    byDefault: "`60 seconds`",
    example: "5 seconds",
    wrong: "often"
  },
  {
    variable: "MILLRACE_MIGRATE",
    meaning: "`off` leaves the tables alone",
    allowed: "`on`, `off`",
    byDefault: "`on`",
    example: "off",
    wrong: "maybe"
  }
]

const jobs: ReadonlyArray<Setting> = [
  {
    variable: "MILLRACE_TIMEOUT",
    meaning: "longest attempt of jobs about which nobody says anything",
    allowed: "1 millisecond to 365 days",
    byDefault: "`15 minutes`",
    example: "90 seconds",
    wrong: "soon"
  },
  {
    variable: "MILLRACE_RETRY",
    meaning: "how the delays between their attempts grow",
    allowed: "`exponential`, `linear`, `fixed`, `none`",
    byDefault: "`exponential`",
    example: "fixed",
    wrong: "often"
  },
  {
    variable: "MILLRACE_RETRY_BASE",
    meaning: "their first delay, and the step of `linear`",
    allowed: "1 millisecond to 365 days",
    byDefault: "`1 second`",
    example: "5 seconds",
    wrong: "0 seconds"
  },
  {
    variable: "MILLRACE_RETRY_CAP",
    meaning: "their longest delay",
    allowed: "1 millisecond to 365 days",
    byDefault: "`1 hour`",
    example: "10 minutes",
    wrong: "500 days"
  },
  {
    variable: "MILLRACE_MAX_ATTEMPTS",
    meaning: "failures after which they are `dead`",
    allowed: "1 to 10000",
    byDefault: "`25`",
    example: "3",
    wrong: "0"
  }
]

const rest: ReadonlyArray<Setting> = [
  {
    variable: "MILLRACE_JOBS",
    meaning: "modules whose exported job definitions are known",
    allowed: "paths, separated by commas",
    byDefault: "none",
    example: "./jobs.ts",
    wrong: null
  },
  {
    variable: "MILLRACE_LOG_FORMAT",
    meaning: "format of the log",
    allowed: "`json`, `pretty`, `logfmt`",
    byDefault: "`pretty` at a terminal, else `logfmt`",
    example: "json",
    wrong: "xml"
  },
  {
    variable: "MILLRACE_LOG_LEVEL",
    meaning: "least level that is logged",
    allowed: "`debug`, `info`, `warn`, `error`, `none`",
    byDefault: "`info`",
    example: "debug",
    wrong: "loud"
  }
]

/**
 * All settings of the server, in the order of the table.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<Setting> = [...listening, ...access, ...database, ...jobs, ...rest]

/**
 * Writes settings as rows of a table in Markdown.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const rowsOf = (settings: ReadonlyArray<Setting>): ReadonlyArray<ReadonlyArray<string>> =>
  settings.map(({ allowed, byDefault, meaning, variable }) => [`\`${variable}\``, meaning, allowed, byDefault])
