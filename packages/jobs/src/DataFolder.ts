/**
 * Where the built-in jobs read and write files.
 *
 * `MILLRACE_DATA_DIR` (default `.millrace` in the current directory) holds `output/` and `mail/`.
 * `MILLRACE_INPUT_DIR` is the one directory that sources may lie in; without it, that is the current
 * directory and the data directory.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"

/**
 * The directories of the built-in jobs, all absolute. They need not exist yet.
 *
 * **Details**
 *
 * - `output`: results of `data-processing`
 * - `mail`: `.eml` files when no mail server is set
 * - `inputs`: the only directories that a source may lie in; a relative source is looked up in them in order
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class DataFolder extends Context.Service<DataFolder, {
  readonly output: string
  readonly mail: string
  readonly inputs: ReadonlyArray<string>
}>()("@millrace/jobs/DataFolder") {}

/**
 * What a data folder is made from. `data` defaults to `.millrace`, `input` to the current directory and `data`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly data?: string | undefined
  readonly input?: string | undefined
}

/**
 * The data folder at given directories.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<DataFolder, never, Path.Path> =>
  Layer.effect(DataFolder, Effect.map(Path.Path, (path) => fromOptions(path, options)))

/**
 * The data folder as the environment says: `MILLRACE_DATA_DIR`, `MILLRACE_INPUT_DIR`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<DataFolder, Config.ConfigError, Path.Path> = Layer.unwrap(
  Effect.map(
    Config.all({
      data: Config.option(Config.NonEmptyString("MILLRACE_DATA_DIR")),
      input: Config.option(Config.NonEmptyString("MILLRACE_INPUT_DIR"))
    }),
    ({ data, input }) => layer({ data: Option.getOrUndefined(data), input: Option.getOrUndefined(input) })
  )
)

const fromOptions = (path: Path.Path, options: Options): DataFolder["Service"] => {
  const data = path.resolve(options.data ?? ".millrace")
  return {
    output: path.join(data, "output"),
    mail: path.join(data, "mail"),
    inputs: options.input === undefined ? [path.resolve("."), data] : [path.resolve(options.input)]
  }
}
