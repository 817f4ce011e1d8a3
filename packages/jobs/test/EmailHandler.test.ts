import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ProviderDown } from "../src/EmailError.ts"
import * as EmailHandler from "../src/EmailHandler.ts"
import type { Mail } from "../src/Mailer.ts"
import { Mailer } from "../src/Mailer.ts"
import { info, recording, runEncoded } from "./handlersFixture.ts"

const payload = { to: "ada@example.com", template: "welcome", data: { name: "Ada" } } as const

describe("EmailHandler", () => {
  it.effect("sends the same message id with every attempt, under another file name", () =>
    Effect.gen(function*() {
      const sent: Array<Mail> = []
      const mailer = Layer.succeed(Mailer, {
        send: (mail) => Effect.sync(() => (sent.push(mail), { messageId: "<m@h>", delivery: "smtp", file: null }))
      })
      yield* Effect.provide(
        Effect.all([EmailHandler.run(payload, info()), EmailHandler.run(payload, info({ attempt: 2, token: 4 }))]),
        mailer
      )
      assert.deepStrictEqual(sent.map(({ reference }) => reference), ["17.1700000000000", "17.1700000000000"])
      assert.deepStrictEqual(sent.map(({ fileName }) => fileName), ["17-3", "17-4"])
      assert.deepStrictEqual(sent.map(({ subject, to }) => [to, subject]), [
        ["ada@example.com", "Welcome, Ada"],
        ["ada@example.com", "Welcome, Ada"]
      ])
    }))

  it.effect("stores the typed error of a mail that could not be sent", () =>
    Effect.gen(function*() {
      const { handlers, layer } = recording()
      const mailer = Layer.succeed(Mailer, {
        send: () => Effect.fail(new ProviderDown({ code: "ETIMEDOUT", responseCode: null, detail: "no answer" }))
      })
      yield* Layer.build(EmailHandler.layer.pipe(Layer.provide(mailer), Layer.provide(layer)))
      assert.deepStrictEqual(yield* runEncoded(handlers.get("email-notification"), payload), {
        _tag: "Fits",
        value: { _tag: "ProviderDown", code: "ETIMEDOUT", responseCode: null, detail: "no answer" }
      })
    }))
})
