/**
 * How booting, stopping and using an embedded PostgreSQL fails.
 *
 * Every operation fails with one error, `EmbeddedPostgresError`, whose `reason`
 * tells the kind. Where the server said something, `log` holds its last lines.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const ownServer = "Set DATABASE_URL to a PostgreSQL of your own (14 or newer) instead."

const lastLines = (log: string): string => log.trim() === "" ? "" : `\nLast lines of its log:\n${log}`

/**
 * There are no PostgreSQL binaries for this operating system and processor, or they were not installed.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedPlatform extends Schema.TaggedError<UnsupportedPlatform>()("UnsupportedPlatform", {
  platform: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `No embedded PostgreSQL for ${this.platform}: ${this.detail}. ${ownServer}`
  }
}

/**
 * The binaries are there, but the system user that has to run them can not.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class UnusableBinaries extends Schema.TaggedError<UnusableBinaries>()("UnusableBinaries", {
  path: Schema.String,
  user: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `User ${this.user} can not run ${this.path}: ${this.detail}. ${ownServer}`
  }
}

/**
 * This process is root, PostgreSQL refuses to run as root, and no other system user was found.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class NoSystemUser extends Schema.TaggedError<NoSystemUser>()("NoSystemUser", {
  searched: Schema.String
}) {
  override get message(): string {
    return `PostgreSQL refuses to run as root and ${this.searched} names no other user. ` +
      `Create one (useradd --system postgres) or start this program as a user who is not root. ${ownServer}`
  }
}

/**
 * Another living process owns the data directory.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class AlreadyRunning extends Schema.TaggedError<AlreadyRunning>()("AlreadyRunning", {
  directory: Schema.String,
  pid: Schema.Int
}) {
  override get message(): string {
    return `The PostgreSQL in ${this.directory} is in use by process ${this.pid}: stop that process, ` +
      "or choose another directory."
  }
}

/**
 * The data directory was made by another major version of PostgreSQL, or holds no cluster.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class IncompatibleData extends Schema.TaggedError<IncompatibleData>()("IncompatibleData", {
  directory: Schema.String,
  found: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `The data in ${this.directory} is of PostgreSQL ${this.found}, this is PostgreSQL ${this.expected}: ` +
      "dump it with the old version and restore it here, or remove the directory to start empty."
  }
}

/**
 * Something else listens on the port that was asked for.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class PortInUse extends Schema.TaggedError<PortInUse>()("PortInUse", {
  port: Schema.Int
}) {
  override get message(): string {
    return `Port ${this.port} on 127.0.0.1 is taken: stop what listens there, or choose another port.`
  }
}

/**
 * `initdb` could not create the data directory.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InitFailed extends Schema.TaggedError<InitFailed>()("InitFailed", {
  directory: Schema.String,
  exit: Schema.String,
  log: Schema.String
}) {
  override get message(): string {
    return `initdb failed (${this.exit}) in ${this.directory}.${lastLines(this.log)}`
  }
}

/**
 * The server did not start, did not get ready in time, or ended by itself.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", {
  directory: Schema.String,
  detail: Schema.String,
  log: Schema.String
}) {
  override get message(): string {
    return `PostgreSQL in ${this.directory} ${this.detail}.${lastLines(this.log)}`
  }
}

/**
 * The system refused to read, write or start something.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class SystemFailed extends Schema.TaggedError<SystemFailed>()("SystemFailed", {
  operation: Schema.String,
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Can not ${this.operation} ${this.path}: ${this.detail}`
  }
}

/**
 * Creating, dropping or reaching a database failed; `sqlState` is empty when the server did not answer.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class DatabaseFailed extends Schema.TaggedError<DatabaseFailed>()("DatabaseFailed", {
  operation: Schema.String,
  database: Schema.String,
  sqlState: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Can not ${this.operation} database ${this.database}: ${this.detail} ${this.sqlState}`.trimEnd()
  }
}

/**
 * The one error of this package; `reason` tells which kind.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class EmbeddedPostgresError extends Schema.TaggedError<EmbeddedPostgresError>()("EmbeddedPostgresError", {
  reason: Schema.Union([
    UnsupportedPlatform,
    UnusableBinaries,
    NoSystemUser,
    AlreadyRunning,
    IncompatibleData,
    PortInUse,
    InitFailed,
    ServerFailed,
    SystemFailed,
    DatabaseFailed
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * Any of the reasons.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Reason = EmbeddedPostgresError["reason"]

/**
 * Wraps a reason into the error of the package.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const because = (reason: Reason): EmbeddedPostgresError => new EmbeddedPostgresError({ reason })
