/**
 * The typed client of the HTTP API.
 *
 * Every call takes and answers what the contract says; errors of the server arrive as the classes of `ApiError`,
 * so `Effect.catchTag("JobNotFound", …)` works across the wire. Needs an `HttpClient`, such as
 * `FetchHttpClient.layer`. `Idempotency.withKey` makes creating safe to repeat.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Redacted from "effect/Redacted"
import { Api } from "./Api.ts"
import * as Idempotency from "./Idempotency.ts"

/**
 * A client: one function per endpoint, in groups (`client.jobs.create({ payload })`, `client.health()`).
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ApiClient = HttpApiClient.ForApi<typeof Api>

/**
 * Where the server is.
 *
 * **Details**
 *
 * - `baseUrl`: scheme, host and port, such as `http://127.0.0.1:4080`
 * - `key`: an API key, for a server that asks for one
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly baseUrl: string | URL
  readonly key?: string | Redacted.Redacted
}

/**
 * Makes a client.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<ApiClient, never, HttpClient.HttpClient> =>
  HttpApiClient.make(Api, {
    baseUrl: options.baseUrl,
    transformClient: (client) =>
      Idempotency.client(
        options.key === undefined
          ? client
          : HttpClient.mapRequest(client, HttpClientRequest.bearerToken(options.key))
      )
  })
