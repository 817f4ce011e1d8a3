/**
 * How the worker logs: for eyes at a terminal, for machines elsewhere.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { WorkerSettings } from "./WorkerSettings.ts"

/**
 * The logger and the level of the settings. Without a format: `pretty` at a terminal, else `logfmt`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  { logFormat, logLevel }: Pick<WorkerSettings, "logFormat" | "logLevel">,
  isTerminal: boolean
): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([loggerOf(logFormat ?? (isTerminal ? "pretty" : "logfmt"))]),
    Layer.succeed(References.MinimumLogLevel, logLevel)
  )

const loggerOf = (format: NonNullable<WorkerSettings["logFormat"]>) => {
  switch (format) {
    case "json":
      return Logger.consoleJson
    case "logfmt":
      return Logger.consoleLogFmt
    case "pretty":
      return Logger.consolePretty()
  }
}
