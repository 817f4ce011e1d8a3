/**
 * The server settings of a cluster, as data.
 *
 * `fsync`, `full_page_writes` and `synchronous_commit` are what a durable
 * cluster keeps and a throw-away cluster gives up: about 1 s per boot and a
 * disk flush per commit.
 */

/** Server settings by name, as in postgresql.conf. */
export type Settings = Readonly<Record<string, string>>

/** Settings of every cluster: loopback only, no socket file, UTC, log on standard error. */
const always: Settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
  logging_collector: "off",
  jit: "off"
}

const throwAway: Settings = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  max_wal_size: "2GB",
  checkpoint_timeout: "30min"
}

const durable: Settings = {
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on"
}

/** Merges defaults, the port and the caller's own settings, which win except over address and port. */
export const make = (options: {
  readonly durable: boolean
  readonly port: number
  readonly maxConnections: number
  readonly settings: Settings
}): Settings => ({
  ...(options.durable ? durable : throwAway),
  max_connections: String(options.maxConnections),
  ...options.settings,
  ...always,
  port: String(options.port)
})

/** Renders settings as command-line arguments. */
export const toArguments = (settings: Settings): ReadonlyArray<string> =>
  Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
