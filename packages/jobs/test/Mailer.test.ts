import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import PostalMime from "postal-mime"
import * as DataFolder from "../src/DataFolder.ts"
import * as EmailTemplates from "../src/EmailTemplates.ts"
import type { Mail } from "../src/Mailer.ts"
import * as Mailer from "../src/Mailer.ts"
import * as SmtpSettings from "../src/SmtpSettings.ts"
import { closedPort, silentServer, smtpServer } from "./smtpFixture.ts"

const mail: Mail = {
  ...EmailTemplates.render({
    to: "ada@example.com",
    template: "newsletter",
    data: { subject: "Grüße: 50 %", body: "Ünïcode <b>&</b>", unsubscribeUrl: "https://example.com/u?x=1" }
  }),
  to: "ada@example.com",
  reference: "17.1700000000000",
  fileName: "17-3",
  token: 3
}

const send = (port: number, settings: Partial<SmtpSettings.SmtpSettings> = {}) =>
  Mailer.Mailer.use((mailer) => mailer.send(mail)).pipe(
    Effect.provide(Mailer.layerSmtp(SmtpSettings.make({
      host: "127.0.0.1",
      port,
      from: "Shop <shop@example.org>",
      ...settings
    })))
  )

const parse = (source: string) => Effect.promise(() => PostalMime.parse(source))

const assertIsTheMail = (parsed: Awaited<ReturnType<typeof PostalMime.parse>>) => {
  assert.strictEqual(parsed.subject, "Grüße: 50 %")
  assert.deepStrictEqual(parsed.from, { name: "Shop", address: "shop@example.org" })
  assert.strictEqual(parsed.to?.[0]?.address, "ada@example.com")
  assert.strictEqual(parsed.messageId, "<17.1700000000000@example.org>")
  assert.include(parsed.text, "Ünïcode <b>&</b>")
  assert.include(parsed.html, "Ünïcode &lt;b&gt;&amp;&lt;/b&gt;")
  const header = (key: string) => parsed.headers.find((header) => header.key === key)?.value
  assert.strictEqual(header("list-unsubscribe"), "<https://example.com/u?x=1>")
  assert.strictEqual(header("list-unsubscribe-post"), "List-Unsubscribe=One-Click")
  assert.strictEqual(header("auto-submitted"), "auto-generated")
}

layer(NodeServices.layer)((it) => {
  describe("Mailer.layerSmtp", () => {
    it.effect("hands the mail to an SMTP server, whole and with its own message id", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer()
        const receipt = yield* send(server.port)
        assert.deepStrictEqual(receipt, {
          messageId: "<17.1700000000000@example.org>",
          delivery: "smtp",
          file: null
        })
        assert.strictEqual(server.received.length, 1)
        assert.deepStrictEqual(server.received[0]?.from, "shop@example.org")
        assert.deepStrictEqual(server.received[0]?.to, ["ada@example.com"])
        assertIsTheMail(yield* parse(server.received[0]?.source ?? ""))
      }))

    it.effect("logs in with user and password", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer({ user: "shop", password: "p@ss word" })
        const url = SmtpSettings.fromUrl(`smtp://shop:p%40ss%20word@127.0.0.1:${server.port}`)
        assert.strictEqual(url._tag, "Success")
        if (url._tag === "Success") {
          yield* send(server.port, url.success)
        }
        assert.strictEqual(server.received.length, 1)
      }))

    it.effect("is ProviderDown when the log-in is refused: the settings are wrong, not the mail", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer({ user: "shop", password: "right" })
        const error = yield* Effect.flip(send(server.port, { user: "shop", password: null }))
        assert.strictEqual(error._tag, "ProviderDown")
        assert.strictEqual(server.received.length, 0)
      }))

    it.effect("is InvalidRecipient when the server refuses the address for good", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer({ onRecipient: { responseCode: 550, message: "5.1.1 no such user" } })
        const error = yield* Effect.flip(send(server.port))
        assert.strictEqual(error._tag, "InvalidRecipient")
        assert.include(error.message, "no such user")
        assert.include(error.message, "ada@example.com")
      }))

    it.effect("is ProviderDown when the server asks to come back", () =>
      Effect.gen(function*() {
        const greylisting = yield* smtpServer({ onRecipient: { responseCode: 451, message: "4.7.1 come back later" } })
        assert.strictEqual((yield* Effect.flip(send(greylisting.port)))._tag, "ProviderDown")
        const full = yield* smtpServer({ onData: { responseCode: 452, message: "4.3.1 out of storage" } })
        const error = yield* Effect.flip(send(full.port))
        assert.strictEqual(error._tag, "ProviderDown")
        assert.strictEqual("responseCode" in error ? error.responseCode : null, 452)
      }))

    it.effect("is MailRejected when the server refuses the content for good", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer({ onData: { responseCode: 554, message: "5.7.1 looks like spam" } })
        const error = yield* Effect.flip(send(server.port))
        assert.strictEqual(error._tag, "MailRejected")
        assert.include(error.message, "looks like spam")
      }))

    it.effect("is ProviderDown when nobody listens", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(send(yield* closedPort))
        assert.strictEqual(error._tag, "ProviderDown")
        assert.match(error.message, /ECONNREFUSED|ESOCKET|ECONNECTION/)
      }))

    it.effect("is ProviderDown when the server accepts the connection and says nothing", () =>
      Effect.gen(function*() {
        const port = yield* silentServer
        const error = yield* Effect.flip(send(port, { connectMillis: 100, replyMillis: 100 }))
        assert.strictEqual(error._tag, "ProviderDown")
        assert.include(error.message, "ETIMEDOUT")
      }))

    it.effect("is ProviderDown when TLS is asked for and not offered", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer()
        const error = yield* Effect.flip(send(server.port, { tls: "always" }))
        assert.strictEqual(error._tag, "ProviderDown")
        assert.strictEqual(server.received.length, 0)
      }))

    it.effect("sends many mails over few connections", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer()
        yield* Mailer.Mailer.use((mailer) =>
          Effect.forEach(Array.from({ length: 40 }), (_, at) => mailer.send({ ...mail, reference: `r${at}` }), {
            concurrency: 20
          })
        ).pipe(
          Effect.provide(Mailer.layerSmtp(SmtpSettings.make({ host: "127.0.0.1", port: server.port, connections: 2 })))
        )
        assert.strictEqual(server.received.length, 40)
        assert.isAtMost(server.connections(), 2)
      }))
  })

  describe("Mailer.layerFiles", () => {
    it.effect("writes an .eml file that reads back as the mail", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const receipt = yield* Mailer.Mailer.use((mailer) => mailer.send(mail)).pipe(
          Effect.provide(Mailer.layerFiles({ directory: `${directory}/mail`, from: "Shop <shop@example.org>" }))
        )
        assert.strictEqual(receipt.file, `${directory}/mail/17-3.eml`)
        assert.deepStrictEqual(yield* fs.readDirectory(`${directory}/mail`), ["17-3.eml"])
        assertIsTheMail(yield* parse(yield* fs.readFileString(`${directory}/mail/17-3.eml`)))
      }))

    it.effect("is ProviderDown when the file can not be written", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        yield* fs.writeFileString(`${directory}/mail`, "")
        const error = yield* Mailer.Mailer.use((mailer) => mailer.send(mail)).pipe(
          Effect.provide(Mailer.layerFiles({ directory: `${directory}/mail`, from: "shop@example.org" })),
          Effect.flip
        )
        assert.strictEqual(error._tag, "ProviderDown")
      }))
  })

  describe("Mailer.layerConfig", () => {
    const receipt = (env: Record<string, string>) =>
      Mailer.Mailer.use((mailer) => mailer.send(mail)).pipe(
        Effect.provide(Layer.provide(Mailer.layerConfig, DataFolder.layerConfig)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
      )

    it.effect("writes files into the data folder when no server is named", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const { file } = yield* receipt({ MILLRACE_DATA_DIR: directory })
        assert.strictEqual(file, `${directory}/mail/17-3.eml`)
      }))

    it.effect("talks to the server that is named, with the sender that is named", () =>
      Effect.gen(function*() {
        const server = yield* smtpServer()
        const { delivery, messageId } = yield* receipt({
          MILLRACE_SMTP_URL: `smtp://127.0.0.1:${server.port}`,
          MILLRACE_SMTP_FROM: "Ops <ops@example.net>"
        })
        assert.strictEqual(delivery, "smtp")
        assert.strictEqual(messageId, "<17.1700000000000@example.net>")
        assert.strictEqual(server.received[0]?.from, "ops@example.net")
      }))
  })
})
