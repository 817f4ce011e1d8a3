/**
 * Where the tests of one run find their common server.
 *
 * The set-up of the run listens on a loopback port, behind a path that is hard
 * to guess, and boots PostgreSQL when the first test file asks. So a run of
 * tests that need no database does not wait for one.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as EmbeddedPostgresError from "../EmbeddedPostgresError.ts"

/** Environment variable: URL of an installed server to use instead; its user must be allowed to create databases. */
export const databaseUrlVariable = "MILLRACE_TEST_DATABASE_URL"

/** Environment variable: where the set-up of the run answers with the URL of its server. */
export const brokerUrlVariable = "MILLRACE_TEST_DATABASE_BROKER"

const failed = (broker: string, detail: string) =>
  EmbeddedPostgresError.because(
    new EmbeddedPostgresError.SystemFailed({ operation: "get a test database from", path: broker, detail })
  )

const askBroker = (broker: string) =>
  HttpClient.get(broker).pipe(
    Effect.flatMap(HttpClientResponse.matchStatus({
      200: (response) => response.text,
      orElse: (response) => Effect.flatMap(response.text, (detail) => failed(broker, detail))
    })),
    Effect.catchTag("HttpClientError", (error) => failed(broker, error.message)),
    Effect.map(Redacted.make)
  )

const configured = Config.all({
  databaseUrl: Config.option(Config.Redacted(databaseUrlVariable)),
  brokerUrl: Config.option(Config.String(brokerUrlVariable))
})

/** The URL of the server of this test run: the given one, the one of the set-up, or none. */
export const find = Effect.gen(function*() {
  const { brokerUrl, databaseUrl } = yield* configured
  if (Option.isSome(databaseUrl)) return databaseUrl
  return Option.isNone(brokerUrl) ? Option.none() : Option.some(yield* askBroker(brokerUrl.value))
}).pipe(Effect.catchTag("ConfigError", (error) => failed(databaseUrlVariable, error.message)))
