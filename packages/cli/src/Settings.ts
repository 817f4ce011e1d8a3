/**
 * The flags that every command takes: where the server is, the key to it, and how answers are written.
 *
 * | Flag | Variable | Meaning | Default |
 * | --- | --- | --- | --- |
 * | `--url` | `MILLRACE_URL` | the server | `http://127.0.0.1:4080` |
 * | `--key` | `MILLRACE_KEY` | an API key | none |
 * | `--json` | | answers as JSON, one document | text |
 *
 * @since 0.1.0
 */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Config from "effect/Config"

/**
 * Where `npm start` and `millrace-server` listen when nobody says otherwise.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const defaultUrl = "http://127.0.0.1:4080"

/**
 * The server: `--url`, else `MILLRACE_URL`.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const Url = GlobalFlag.Setting("url")({
  flag: Flag.String("url").pipe(
    Flag.withMetavar("<url>"),
    Flag.withDescription(`The Millrace server; also MILLRACE_URL. Defaults to ${defaultUrl}`),
    Flag.withFallbackConfig(Config.String("MILLRACE_URL")),
    Flag.withDefault(defaultUrl)
  )
})

/**
 * The API key: `--key`, else `MILLRACE_KEY`.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const Key = GlobalFlag.Setting("key")({
  flag: Flag.Redacted("key").pipe(
    Flag.withMetavar("<key>"),
    Flag.withDescription("An API key; also MILLRACE_KEY, which other users of the machine do not see"),
    Flag.withFallbackConfig(Config.Redacted("MILLRACE_KEY")),
    Flag.optional
  )
})

/**
 * Whether answers are JSON: `--json`.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Write the answer as JSON, for scripts"),
    Flag.withDefault(false)
  )
})

/**
 * All of them.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const all = [Url, Key, Json] as const
