/**
 * The vitest `globalSetup` of test runs that use `TestDatabase`: one throw-away
 * PostgreSQL per run, booted when the first test file asks for it, stopped and
 * removed at the end of the run, also when the run is killed.
 *
 * Does nothing when `MILLRACE_TEST_DATABASE_URL` names a server.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { createServer } from "node:http"
import type { RequestListener, Server } from "node:http"
import * as EmbeddedPostgres from "./EmbeddedPostgres.ts"
import * as TestServer from "./internal/testServer.ts"

type Runtime = ManagedRuntime.ManagedRuntime<EmbeddedPostgres.EmbeddedPostgres, unknown>

const listen = (server: Server): Promise<string> =>
  // @effect-diagnostics-next-line newPromise:off
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "")
    })
  })

const answer = (runtime: Runtime, path: string): RequestListener => async (request, response) => {
  if (request.url !== path) return response.writeHead(404).end()
  const url = await runtime.runPromiseExit(EmbeddedPostgres.EmbeddedPostgres.use(({ url }) => Effect.succeed(url)))
  return Exit.isSuccess(url)
    ? response.writeHead(200).end(Redacted.value(url.value))
    : response.writeHead(500).end(Cause.pretty(url.cause))
}

/**
 * Announces the server of the run in an environment variable; returns the tear-down.
 *
 * @stability unstable
 * @category testing
 * @since 0.1.0
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env[TestServer.databaseUrlVariable] !== undefined) return () => Promise.resolve()
  const runtime = ManagedRuntime.make(EmbeddedPostgres.ephemeral())
  const path = `/${randomBytes(24).toString("base64url")}`
  const broker = createServer(answer(runtime, path))
  process.env[TestServer.brokerUrlVariable] = `${await listen(broker)}${path}`
  return async () => {
    broker.close()
    broker.closeAllConnections()
    await runtime.dispose()
  }
}
