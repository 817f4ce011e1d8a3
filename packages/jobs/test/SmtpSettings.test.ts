import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted, Result } from "effect"
import * as SmtpSettings from "../src/SmtpSettings.ts"

const read = (env: Record<string, string>) => SmtpSettings.config.parse(ConfigProvider.fromEnv({ env }))

const refused = (env: Record<string, string>) => Effect.map(Effect.flip(read(env)), (error) => error.message)

describe("SmtpSettings", () => {
  it("reads user, password, host and port of a URL", () => {
    const settings = Result.getOrThrow(SmtpSettings.fromUrl("smtps://a%40b:p%2Fw@mail.example.com"))
    assert.strictEqual(settings.host, "mail.example.com")
    assert.strictEqual(settings.port, 465)
    assert.isTrue(settings.secure)
    assert.strictEqual(settings.user, "a@b")
    assert.strictEqual(settings.password === null ? null : Redacted.value(settings.password), "p/w")
    assert.strictEqual(Result.getOrThrow(SmtpSettings.fromUrl("smtp://mail.example.com")).port, 587)
    assert.strictEqual(Result.getOrThrow(SmtpSettings.fromUrl("smtp://[::1]:25?tls=never")).host, "::1")
    assert.strictEqual(Result.getOrThrow(SmtpSettings.fromUrl("smtp://[::1]:25?tls=never")).tls, "never")
  })

  it("refuses what is no SMTP URL", () => {
    for (
      const url of ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://h?tls=maybe", "smtp://%zz@h"]
    ) {
      assert.isTrue(Result.isFailure(SmtpSettings.fromUrl(url)), url)
    }
  })

  it.effect("names no server when the environment names none", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read({}), { server: null, from: "Millrace <millrace@localhost>" })
    }))

  it.effect("reads host, port and log-in one by one", () =>
    Effect.gen(function*() {
      const { server } = yield* read({
        MILLRACE_SMTP_HOST: "mail.example.com",
        MILLRACE_SMTP_PORT: "465",
        MILLRACE_SMTP_USER: "shop",
        MILLRACE_SMTP_PASSWORD: "secret",
        MILLRACE_SMTP_FROM: "shop@example.com"
      })
      assert.strictEqual(server?.host, "mail.example.com")
      assert.isTrue(server?.secure)
      assert.strictEqual(server?.user, "shop")
      assert.strictEqual(server?.from, "shop@example.com")
    }))

  it.effect("names the variable that is wrong and never shows its secret", () =>
    Effect.gen(function*() {
      const url = yield* refused({ MILLRACE_SMTP_URL: "http://user:hunter2@mail.example.com" })
      assert.include(url, "MILLRACE_SMTP_URL must begin with smtp://")
      assert.notInclude(url, "hunter2")
      const tls = yield* refused({ MILLRACE_SMTP_HOST: "h", MILLRACE_SMTP_TLS: "sometimes" })
      assert.include(tls, "MILLRACE_SMTP_TLS")
      const from = yield* refused({ MILLRACE_SMTP_FROM: "Shop\nBcc: eve@example.com <a@b>" })
      assert.include(from, "MILLRACE_SMTP_FROM")
    }))
})
