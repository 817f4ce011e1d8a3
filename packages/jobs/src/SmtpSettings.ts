/**
 * Where and how mails are handed over, from the environment.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/**
 * An SMTP server and the limits of talking to it.
 *
 * **Details**
 *
 * - `secure`: TLS from the first byte (port 465). Otherwise `tls` says whether STARTTLS is used: when offered,
 *   `always` (else the mail is not sent), `never`
 * - `user`: null for a server without log-in
 * - `from`: the sender, `name@host` or `Name <name@host>`
 * - `connections`: open at the same time
 * - `connectMillis`: longest wait for a connection, and again for the greeting; `replyMillis`: for any reply
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface SmtpSettings {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly tls: "offered" | "always" | "never"
  readonly user: string | null
  readonly password: Redacted.Redacted | null
  readonly from: string
  readonly connections: number
  readonly connectMillis: number
  readonly replyMillis: number
}

/**
 * Settings for a host and port, everything else by default: STARTTLS when offered, no log-in, 5 connections,
 * 10 seconds to connect, 30 seconds for a reply.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  settings: Pick<SmtpSettings, "host" | "port"> & Partial<SmtpSettings>
): SmtpSettings => ({
  secure: settings.port === 465,
  tls: "offered",
  user: null,
  password: null,
  from: defaultFrom,
  connections: 5,
  connectMillis: 10_000,
  replyMillis: 30_000,
  ...settings
})

const defaultFrom = "Millrace <millrace@localhost>"

/**
 * The settings that an `smtp:` or `smtps:` URL holds: user and password (percent-encoded), host, port (default
 * 587, or 465 for `smtps:`), and `?tls=always|never`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromUrl = (text: string): Result.Result<SmtpSettings, string> => {
  if (!URL.canParse(text)) {
    return Result.fail("is not a URL; it must look like smtp://user:password@host:587")
  }
  const url = new URL(text)
  const tls = url.searchParams.get("tls") ?? "offered"
  if ((url.protocol !== "smtp:" && url.protocol !== "smtps:") || url.hostname === "") {
    return Result.fail("must begin with smtp:// or smtps:// and name a host")
  }
  if (tls !== "offered" && tls !== "always" && tls !== "never") {
    return Result.fail("has an unknown tls; allowed are offered, always, never")
  }
  const secure = url.protocol === "smtps:"
  return Result.mapError(
    Result.try(() =>
      make({
        host: url.hostname.replaceAll(/^\[|\]$/g, ""),
        port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
        secure,
        tls,
        user: url.username === "" ? null : decodeURIComponent(url.username),
        password: url.password === "" ? null : Redacted.make(decodeURIComponent(url.password))
      })
    ),
    () => "has a user or password that is not percent-encoded"
  )
}

const Sender = Schema.String.check(
  Schema.isPattern(/^(?:[^<>\p{Cc}]*<[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u, {
    message: "must be name@host or Name <name@host>"
  })
)

const fields = Config.all({
  url: Config.option(Config.Redacted("MILLRACE_SMTP_URL")),
  host: Config.option(Config.NonEmptyString("MILLRACE_SMTP_HOST")),
  port: Config.withDefault(Config.Port("MILLRACE_SMTP_PORT"), 587),
  tls: Config.withDefault(Config.Literals(["offered", "always", "never"], "MILLRACE_SMTP_TLS"), "offered"),
  user: Config.option(Config.NonEmptyString("MILLRACE_SMTP_USER")),
  password: Config.option(Config.Redacted("MILLRACE_SMTP_PASSWORD")),
  from: Config.withDefault(Config.schema(Sender, "MILLRACE_SMTP_FROM"), defaultFrom)
})

/**
 * The server that the environment names, null for none, and the sender.
 *
 * **Details**
 *
 * `MILLRACE_SMTP_URL`; or `MILLRACE_SMTP_HOST`, `_PORT` (default 587; 465 means TLS from the first byte), `_TLS`
 * (`offered`, `always`, `never`), `_USER`, `_PASSWORD`. `MILLRACE_SMTP_FROM` is the sender. An error names the
 * variable, never its value.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const config: Config.Config<{ readonly server: SmtpSettings | null; readonly from: string }> = fields.pipe(
  Config.mapEffect((found) => {
    const { from, host, password, port, tls, url, user } = found
    if (Option.isSome(url)) {
      return Result.match(fromUrl(Redacted.value(url.value)), {
        onFailure: (detail) => Effect.fail(wrong(`MILLRACE_SMTP_URL ${detail}`)),
        onSuccess: (server) => Effect.succeed({ server: { ...server, from }, from })
      })
    }
    return Effect.succeed({
      server: Option.isNone(host) ? null : make({
        host: host.value,
        port,
        tls,
        from,
        user: Option.getOrNull(user),
        password: Option.getOrNull(password)
      }),
      from
    })
  })
)

const wrong = (message: string): Config.ConfigError =>
  new Config.ConfigError(new ConfigProvider.SourceError({ message }))
