/**
 * What `npm start` reads from its environment, with every default.
 *
 * | Variable | Meaning | Default |
 * | --- | --- | --- |
 * | `MILLRACE_PORT` | port of the server; 0 takes any free one | `4080` |
 * | `MILLRACE_DATA_DIR` | folder of database, outputs and mails; relative to the root folder | `.millrace` |
 * | `DATABASE_URL` | a PostgreSQL of your own instead of the embedded one | none |
 *
 * An empty variable counts as not set. Everything else in the environment goes to server and worker as it is.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { resolve } from "node:path"

/** The settings; `databaseUrl` is null for the embedded PostgreSQL, `port` 0 for any free one. */
export interface DevConfig {
  /** The folder of the checkout: server and worker run in it. */
  readonly root: string
  /** Absolute. */
  readonly dataFolder: string
  readonly port: number
  readonly databaseUrl: Redacted.Redacted | null
}

/** A variable of the environment holds what it can not hold. */
export class InvalidSetting extends Schema.TaggedError<InvalidSetting>()("InvalidSetting", {
  variable: Schema.String,
  value: Schema.String,
  allowed: Schema.String
}) {
  override get message(): string {
    return `${this.variable} is ${JSON.stringify(this.value)}. Allowed is ${this.allowed}.`
  }
}

/** The variables of a process. */
export type Environment = { readonly [variable: string]: string | undefined }

/** The port when nobody says otherwise. */
const defaultPort = 4080

/** Reads the settings. */
export const parse = (environment: Environment, root: string): Result.Result<DevConfig, InvalidSetting> =>
  Result.all({
    root: Result.succeed(root),
    dataFolder: Result.map(parseFolder(environment), (folder) => resolve(root, folder)),
    port: parsePort(environment),
    databaseUrl: parseDatabaseUrl(environment)
  })

const valueOf = (environment: Environment, variable: string): string | undefined => {
  const value = environment[variable]?.trim()
  return value === "" ? undefined : value
}

const parsePort = (environment: Environment): Result.Result<number, InvalidSetting> => {
  const value = valueOf(environment, "MILLRACE_PORT")
  if (value === undefined) return Result.succeed(defaultPort)
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  return port <= 65_535 ? Result.succeed(port) : Result.fail(
    new InvalidSetting({
      variable: "MILLRACE_PORT",
      value,
      allowed: "a port number from 1 to 65535, or 0 for any free one"
    })
  )
}

const parseFolder = (environment: Environment): Result.Result<string, InvalidSetting> => {
  const value = valueOf(environment, "MILLRACE_DATA_DIR") ?? ".millrace"
  return value.includes("\0") || /^\w{2,}:\/\//.test(value)
    ? Result.fail(
      new InvalidSetting({
        variable: "MILLRACE_DATA_DIR",
        value,
        allowed: "the path of a folder, which is made when it is not there"
      })
    )
    : Result.succeed(value)
}

const parseDatabaseUrl = (environment: Environment): Result.Result<Redacted.Redacted | null, InvalidSetting> => {
  const value = valueOf(environment, "DATABASE_URL")
  if (value === undefined) return Result.succeed(null)
  return isDatabaseUrl(value) ? Result.succeed(Redacted.make(value)) : Result.fail(
    new InvalidSetting({
      variable: "DATABASE_URL",
      value: withoutPassword(value),
      allowed: "a URL like postgres://user:password@host:5432/database, or nothing for the embedded PostgreSQL"
    })
  )
}

const isDatabaseUrl = (value: string): boolean => {
  if (!URL.canParse(value)) return false
  const { hostname, protocol } = new URL(value)
  return (protocol === "postgres:" || protocol === "postgresql:") && hostname !== ""
}

/** A database's URL as people may see it: neither password nor parameters. */
export const withoutPassword = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  // No URL of a host: whatever stands where a password would is hidden.
  if (parsed === undefined || parsed.hostname === "") return url.replace(/:(?!\/\/)[^@]*@/, ":…@")
  parsed.password = ""
  parsed.search = ""
  return parsed.href
}
