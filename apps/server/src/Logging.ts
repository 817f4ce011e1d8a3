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
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

const loggers = {
  json: Logger.consoleJson,
  pretty: Logger.consolePretty(),
  logfmt: Logger.consoleLogFmt
}

const levels = { debug: "Debug", info: "Info", warn: "Warn", error: "Error", none: "None" } as const

type Level = keyof typeof levels

/** Levels are read in any case; the schema behind the transformation checks the word. */
const Level = Schema.String.pipe(Schema.decodeTo(
  Schema.Literals(["debug", "info", "warn", "error", "none"]),
  SchemaTransformation.transform({
    decode: (text: string) => text.toLowerCase() as Level,
    encode: (level: Level): string => level
  })
))

/**
 * The format and the level of the log. `isTerminal`: somebody watches.
 *
 * @stability unstable
 * @category config
 * @since 0.1.0
 */
export const settings = (isTerminal: boolean) =>
  Config.all({
    format: Config.Literals(["json", "pretty", "logfmt"], "MILLRACE_LOG_FORMAT").pipe(
      Config.withDefault(isTerminal ? "pretty" : "logfmt")
    ),
    level: Config.schema(Level, "MILLRACE_LOG_LEVEL").pipe(Config.withDefault("info"))
  })

/**
 * The logger and the level that `MILLRACE_LOG_FORMAT` and `MILLRACE_LOG_LEVEL` ask for.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (isTerminal: boolean) =>
  Layer.unwrap(Effect.map(settings(isTerminal), ({ format, level }) =>
    Layer.mergeAll(
      Logger.layer([loggers[format]]),
      Layer.succeed(References.MinimumLogLevel, levels[level])
    )))
