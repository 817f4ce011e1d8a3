/**
 * The way to the server: its typed client with the caller's key.
 *
 * @since 0.1.0
 */
import * as ApiClient from "@millrace/api/ApiClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Failure from "./Failure.ts"
import * as Settings from "./Settings.ts"

/** No endpoint takes longer than its server allows, 15 seconds by default; this is for a server that hangs. */
const patience = "60 seconds"

/**
 * The client of the server that `--url` names.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const client = Effect.gen(function*() {
  const url = yield* Settings.Url
  const key = yield* Settings.Key
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    return yield* Failure.usage("--url", `${url} is no URL of a server`, `Expected one such as ${Settings.defaultUrl}`)
  }
  return yield* ApiClient.make({
    baseUrl: url.replace(/\/+$/, ""),
    ...(Option.isSome(key) ? { key: key.value } : {})
  })
})

/**
 * Asks the server.
 *
 * @stability unstable
 * @category requests
 * @since 0.1.0
 */
export const ask = <A, E, R>(request: (client: ApiClient.ApiClient) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(client, request).pipe(
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () =>
        Effect.fail(
          new Failure.CommandFailed({
            code: 3,
            detail: `The server did not answer within ${patience}`,
            hint: "Ask again; a change may have been made"
          })
        )
    })
  )
