/**
 * Hands mails over: to an SMTP server, or into `.eml` files where none is set.
 *
 * The message id comes from the caller, so that a repeated attempt is the same message to every mail program.
 * Handing over is at least once: a connection that breaks after the last byte leaves it open whether the mail
 * was taken.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import type { SendMailOptions } from "nodemailer"
import { DataFolder } from "./DataFolder.ts"
import type { EmailError } from "./EmailError.ts"
import { classify, MailRejected, ProviderDown } from "./EmailError.ts"
import type { RenderedEmail } from "./EmailTemplates.ts"
import * as AtomicFile from "./internal/atomicFile.ts"
import type { SmtpSettings } from "./SmtpSettings.ts"
import * as Settings from "./SmtpSettings.ts"

/**
 * A mail to one recipient. `reference` (letters, digits, `.`, `-`) becomes its message id and must be the same for
 * every attempt; `fileName` and `token` tell attempts apart.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Mail extends RenderedEmail {
  readonly to: string
  readonly reference: string
  readonly fileName: string
  readonly token: number
}

/**
 * What became of a mail: its message id, how it was handed over, and the file it was written to, if any.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Receipt {
  readonly messageId: string
  readonly delivery: "smtp" | "file"
  readonly file: string | null
}

/**
 * The service that hands mails over.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Mailer extends Context.Service<Mailer, {
  readonly send: (mail: Mail) => Effect.Effect<Receipt, EmailError>
}>()("@millrace/jobs/Mailer") {}

/**
 * Hands mails to an SMTP server over a pool of connections, closed with the layer.
 *
 * **Details**
 *
 * Every wait has a limit (`SmtpSettings`). A send that is interrupted is aborted. Nothing is sent again in here:
 * that is the queue's business, where it is counted and seen.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerSmtp = (settings: SmtpSettings): Layer.Layer<Mailer> =>
  Layer.effect(
    Mailer,
    Effect.gen(function*() {
      const { createTransport } = yield* loadNodemailer
      const transport = yield* Effect.acquireRelease(
        Effect.sync(() => createTransport(poolOptions(settings))),
        (transport) => Effect.sync(() => transport.close({ force: true }))
      )
      return {
        send: Effect.fn("Mailer.smtp")(function*(mail: Mail) {
          const message = yield* toMessage(settings.from, mail)
          yield* Effect.tryPromise({
            try: (signal) => transport.sendMail({ ...message, signal }),
            catch: (error) => classify(mail.to, describe(error))
          })
          return { messageId: message.messageId, delivery: "smtp", file: null }
        })
      }
    })
  )

/**
 * Writes each mail as `<fileName>.eml` into a directory, whole or not at all.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerFiles = (options: {
  readonly directory: string
  readonly from: string
}): Layer.Layer<Mailer, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Mailer,
    Effect.gen(function*() {
      const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
      const { join } = yield* Path.Path
      const { createTransport } = yield* loadNodemailer
      const transport = createTransport({ streamTransport: true, buffer: true, newline: "windows" })
      return {
        send: Effect.fn("Mailer.files")(function*(mail: Mail) {
          const message = yield* toMessage(options.from, mail)
          const built = yield* Effect.tryPromise({
            try: (signal) => transport.sendMail({ ...message, signal }),
            catch: (error) => new MailRejected({ to: mail.to, responseCode: null, detail: describe(error).detail })
          })
          const file = join(options.directory, `${mail.fileName}.eml`)
          yield* write(file, mail.token, textOf(built.message)).pipe(Effect.provideContext(services))
          return { messageId: message.messageId, delivery: "file", file }
        })
      }
    })
  )

/**
 * SMTP when the environment names a server (`MILLRACE_SMTP_URL`, or `MILLRACE_SMTP_HOST` with port, user, password),
 * else `.eml` files in the data folder. Says in the log which.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = Layer.unwrap(Effect.gen(function*() {
  const { server, from } = yield* Settings.config
  if (server !== null) {
    yield* Effect.logInfo("mail goes to an SMTP server").pipe(
      Effect.annotateLogs({ host: server.host, port: server.port })
    )
    return layerSmtp(server)
  }
  const { mail } = yield* DataFolder
  yield* Effect.logInfo("mail is written to files: no SMTP server is set").pipe(
    Effect.annotateLogs({ directory: mail })
  )
  return layerFiles({ directory: mail, from })
}))

// Loaded with the layer: a program that only knows the job's definition does not pay for a mail library.
const loadNodemailer = Effect.promise(() => import("nodemailer"))

// With `buffer: true` the library answers a Buffer; it holds ASCII only, everything else is encoded.
const textOf = (message: unknown): string => (message instanceof Uint8Array ? new TextDecoder().decode(message) : "")

const write = Effect.fnUntraced(
  function*(file: string, token: number, content: string) {
    const target = yield* AtomicFile.make(file, token)
    yield* target.append(content)
    yield* target.commit
  },
  Effect.scoped,
  Effect.mapError((error) => new ProviderDown({ code: "EFILE", responseCode: null, detail: error.message }))
)

const poolOptions = (settings: SmtpSettings) => ({
  pool: true as const,
  host: settings.host,
  port: settings.port,
  secure: settings.secure,
  ignoreTLS: settings.tls === "never",
  requireTLS: settings.tls === "always",
  ...(settings.user === null
    ? {}
    : { auth: { user: settings.user, pass: settings.password === null ? "" : Redacted.value(settings.password) } }),
  maxConnections: settings.connections,
  maxRequeues: 0,
  connectionTimeout: settings.connectMillis,
  greetingTimeout: settings.connectMillis,
  dnsTimeout: settings.connectMillis,
  socketTimeout: settings.replyMillis,
  disableFileAccess: true,
  disableUrlAccess: true
})

// The envelope is given, not read back from the headers: what is in `to` is one address, whatever it looks like.
const toMessage = Effect.fnUntraced(function*(from: string, mail: Mail) {
  const now = DateTime.makeUnsafe(yield* Clock.currentTimeMillis)
  const sender = /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from
  return {
    from,
    to: { name: "", address: mail.to },
    envelope: { from: sender, to: [mail.to] },
    messageId: `<${mail.reference}@${sender.split("@").at(-1) ?? "localhost"}>`,
    date: DateTime.toDateUtc(now),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: headersOf(mail),
    disableFileAccess: true,
    disableUrlAccess: true
  } satisfies SendMailOptions
})

// RFC 3834: no vacation replies to a program. RFC 2369 and 8058: one click ends a newsletter; the latter for https only.
const headersOf = ({ unsubscribeUrl }: Mail): { readonly [name: string]: string } => ({
  "Auto-Submitted": "auto-generated",
  ...(unsubscribeUrl === null ? {} : { "List-Unsubscribe": `<${unsubscribeUrl}>` }),
  ...(unsubscribeUrl?.startsWith("https:") === true ? { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" } : {})
})

const describe = (error: unknown) => {
  const { code, command, message, response, responseCode } = error as {
    readonly code?: string
    readonly command?: string
    readonly message?: string
    readonly response?: string
    readonly responseCode?: number
  }
  return {
    code: code ?? "EUNKNOWN",
    command: command ?? null,
    responseCode: responseCode ?? null,
    detail: response ?? message ?? String(error)
  }
}
