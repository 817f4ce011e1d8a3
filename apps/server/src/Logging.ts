/**
 * How the program logs: for eyes at a terminal, for machines elsewhere.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

const loggers = {
  pretty: Logger.consolePretty(),
  logfmt: Logger.consoleLogFmt,
  json: Logger.consoleJson
}

const config = (isTerminal: boolean) =>
  Config.all({
    format: Config.Literals(["pretty", "logfmt", "json"], "MILLRACE_LOG").pipe(
      Config.withDefault(isTerminal ? "pretty" : "logfmt")
    ),
    level: Config.LogLevel("MILLRACE_LOG_LEVEL").pipe(Config.withDefault("Info"))
  })

/**
 * The logger and the level that `MILLRACE_LOG` and `MILLRACE_LOG_LEVEL` ask for.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (isTerminal: boolean) =>
  Layer.unwrap(Effect.map(config(isTerminal), ({ format, level }) =>
    Layer.mergeAll(
      Logger.layer([loggers[format]]),
      Layer.succeed(References.MinimumLogLevel, level)
    )))
