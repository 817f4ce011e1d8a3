/**
 * The typed client of the HTTP API.
 *
 * Every call takes and answers what the contract says; errors of the server arrive as the classes of `ApiError`,
 * so `Effect.catchTag("JobNotFound", …)` works across the wire. Needs an `HttpClient`, such as
 * `FetchHttpClient.layer`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import type * as HttpClient from "effect/http/HttpClient"
import { Api } from "./Api.ts"

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
 * `baseUrl`: scheme, host and port, such as `http://127.0.0.1:4080`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly baseUrl: string | URL
}

/**
 * Makes a client.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<ApiClient, never, HttpClient.HttpClient> =>
  HttpApiClient.make(Api, { baseUrl: options.baseUrl })
