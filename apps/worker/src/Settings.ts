/**
 * Every variable that the worker reads: the table of `docs/guides/settings.md`, which a test compares with this.
 * `WorkerSettings` has the flags that come before them.
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

const setting = (
  variable: string,
  meaning: string,
  allowed: string,
  byDefault: string,
  example: string,
  wrong: string | null
): Setting => ({ variable, meaning, allowed, byDefault, example, wrong })

const duration = "a duration"

const work: ReadonlyArray<Setting> = [
  setting(
    "MILLRACE_JOBS",
    "modules whose exported job layers are served",
    "paths, by commas",
    "none",
    "./jobs.ts",
    null
  ),
  setting("MILLRACE_QUEUES", "queues to work for", "names, by commas", "`default`", "mail,bills", "a\nb"),
  setting("MILLRACE_BUILTIN", "`off` leaves the built-in jobs out", "`on`, `off`", "`on`", "off", "maybe"),
  setting(
    "MILLRACE_CONCURRENCY",
    "jobs at the same time, per queue; of bounds the worker chooses",
    "1 to 10000, or bounds such as `2-50`",
    "`10`",
    "2-50",
    "50-2"
  ),
  setting("MILLRACE_PREFETCH", "most jobs of a queue claimed ahead of free slots", "0 to 10000", "`500`", "5", "-1"),
  setting("MILLRACE_POLL", "pause between two looks of an idle worker", duration, "`1 second`", "2 seconds", "often"),
  setting("MILLRACE_SCHEDULE_OWNER", "whose the schedules of the modules are", "a name", "`default`", "billing", "a\nb")
]

const life: ReadonlyArray<Setting> = [
  setting(
    "MILLRACE_LEASE",
    "how long the storage trusts a silent worker",
    "1 second to 1 day",
    "`12 seconds`",
    "30 seconds",
    "1 milli"
  ),
  setting(
    "MILLRACE_GRACE",
    "time that running jobs get when the worker stops",
    duration,
    "`8 seconds`",
    "3 seconds",
    "x"
  ),
  setting(
    "MILLRACE_STANDSTILL",
    "how long the lease is kept while the event loop stands still",
    duration,
    "`5 minutes`",
    "1 minute",
    "x"
  ),
  setting(
    "MILLRACE_RECYCLE",
    "ends the process when a handler is stuck for so long, or its event loop is dead",
    "a duration, `off`",
    "`off`",
    "10 minutes",
    "x"
  ),
  setting(
    "MILLRACE_PAYLOAD_KEYS",
    "encrypts what is stored of jobs; the first key encrypts, all decrypt; see [encryption](encryption.md)",
    "`id:secret`, by commas, each secret the base64 of 32 bytes",
    "none",
    "2026:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    "2026:AQEBAQEBAQEBAQEBAQEBAQ=="
  ),
  setting("MILLRACE_KEEP_FINISHED", "how long ended jobs are kept", duration, "`30 days`", "7 days", "x"),
  setting("MILLRACE_KEEP_DEAD", "how long `dead` jobs are kept", duration, "`90 days`", "14 days", "x"),
  setting(
    "MILLRACE_KEEP_AUDIT",
    "how long lines of the server's audit are kept",
    "30 days or more",
    "`90 days`",
    "365 days",
    "29 days"
  )
]

const alerts: ReadonlyArray<Setting> = [
  setting(
    "MILLRACE_KEEP_SAMPLES",
    "how long samples and resolved alerts are kept",
    duration,
    "`14 days`",
    "7 days",
    "x"
  ),
  setting(
    "MILLRACE_ALERT_WEBHOOKS",
    "who is told of alerts by a signed POST",
    "`http` and `https` URLs, by commas",
    "none",
    "https://example.com/alerts",
    "ftp://example.com"
  ),
  setting(
    "MILLRACE_ALERT_SECRETS",
    "what webhooks are signed with, the newer first",
    "one or two of 16 characters or more, by a comma",
    "none",
    "0123456789abcdef",
    "short"
  ),
  setting("MILLRACE_ALERT_PRIVATE", "lets webhooks have private addresses", "`on`, `off`", "`off`", "on", "maybe"),
  setting("MILLRACE_ALERT_EMAIL", "who is told of alerts by mail", "an address", "none", "ops@example.com", "ops"),
  setting(
    "MILLRACE_ALERT_DEPTH",
    "an alert above so many available jobs of a queue",
    "1 or more",
    "`10000`",
    "50",
    "0"
  ),
  setting("MILLRACE_ALERT_OLDEST", "an alert when a job was due for longer", duration, "`5 minutes`", "1 minute", "x"),
  setting("MILLRACE_ALERT_RUNNING", "an alert when a job was claimed for longer", duration, "`1 hour`", "2 hours", "x"),
  setting("MILLRACE_ALERT_DEAD_RATE", "an alert above this share of dead jobs", "0 to 1", "`0.1`", "0.5", "2")
]

const defaults: ReadonlyArray<Setting> = [
  setting(
    "MILLRACE_TIMEOUT",
    "longest attempt of jobs about which nobody says anything",
    "1 millisecond to 365 days",
    "`15 minutes`",
    "90 seconds",
    "soon"
  ),
  setting(
    "MILLRACE_RETRY",
    "how the delays between their attempts grow",
    "`exponential`, `linear`, `fixed`, `none`",
    "`exponential`",
    "fixed",
    "often"
  ),
  setting(
    "MILLRACE_RETRY_BASE",
    "their first delay, and the step of `linear`",
    "1 millisecond to 365 days",
    "`1 second`",
    "5 seconds",
    "0 seconds"
  ),
  setting(
    "MILLRACE_RETRY_CAP",
    "their longest delay",
    "1 millisecond to 365 days",
    "`1 hour`",
    "10 minutes",
    "500 days"
  ),
  setting("MILLRACE_MAX_ATTEMPTS", "failures after which they are `dead`", "1 to 10000", "`25`", "3", "0")
]

const database: ReadonlyArray<Setting> = [
  setting(
    "DATABASE_URL",
    "the PostgreSQL to work on",
    "`postgres://user:password@host:port/name`",
    "required",
    "postgres://elsewhere/jobs",
    "mysql://localhost/jobs"
  ),
  setting("MILLRACE_DATABASE_CONNECTIONS", "most connections of the pool", "1 to 10000", "`10`", "4", "0"),
  setting("MILLRACE_DATABASE_MIN_CONNECTIONS", "connections that are kept open", "0 to 10000", "`0`", "2", "-1"),
  setting(
    "MILLRACE_DATABASE_IDLE_TIMEOUT",
    "after which an unused connection is closed",
    duration,
    "`1 minute`",
    "10 seconds",
    "never"
  ),
  setting(
    "MILLRACE_DATABASE_CONNECT_TIMEOUT",
    "longest time to open a connection",
    duration,
    "`5 seconds`",
    "2 seconds",
    "quick"
  ),
  setting(
    "MILLRACE_METRICS_INTERVAL",
    "how often the database pool is looked at and logged",
    duration,
    "`60 seconds`",
    "5 seconds",
    "often"
  ),
  setting("MILLRACE_MIGRATE", "`off` leaves the tables alone and waits for them", "`on`, `off`", "`on`", "off", "maybe")
]

const log: ReadonlyArray<Setting> = [
  setting(
    "MILLRACE_LOG_FORMAT",
    "format of the log",
    "`json`, `pretty`, `logfmt`",
    "`pretty` at a terminal, else `logfmt`",
    "json",
    "xml"
  ),
  setting(
    "MILLRACE_LOG_LEVEL",
    "least level that is logged",
    "`trace`, `debug`, `info`, `warn`, `error`, `fatal`, `all`, `none`",
    "`info`",
    "debug",
    "loud"
  )
]

/**
 * All settings of the worker, in the order of the table.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<Setting> = [...work, ...life, ...defaults, ...alerts, ...database, ...log]

/**
 * Writes settings as rows of a table in Markdown.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const rowsOf = (settings: ReadonlyArray<Setting>): ReadonlyArray<ReadonlyArray<string>> =>
  settings.map(({ allowed, byDefault, meaning, variable }) => [`\`${variable}\``, meaning, allowed, byDefault])
