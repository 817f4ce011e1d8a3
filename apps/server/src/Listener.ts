/**
 * The HTTP listener: an address, limits on what a connection may do, and an end.
 *
 * Node answers some requests before any of our code sees them: broken ones, too large headers, too slow senders. Here
 * these answers are given in the error envelope too.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ApiError } from "@millrace/api"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"
import * as SecurityHeaders from "./SecurityHeaders.ts"
import * as ServerConfig from "./ServerConfig.ts"

/**
 * Limits of a connection, in milliseconds and pieces.
 *
 * **Details**
 *
 * - `headersMillis`: until the head of a request is there
 * - `requestMillis`: until its body is there
 * - `checkMillis`: how often these two are looked at
 * - `idleMillis`: how long a connection without requests stays open
 * - `headerBytes`, `headers`, `connections`: as many at most
 */
const limits = {
  headersMillis: 10_000,
  requestMillis: 30_000,
  checkMillis: 2_000,
  idleMillis: 65_000,
  headerBytes: 16 * 1024,
  headers: 100,
  connections: 1_000
}

/**
 * Listens at the address of the settings.
 *
 * **Details**
 *
 * When the layer closes, new connections are refused at once, running requests get the grace time to end, and what is
 * left then is cut.
 *
 * **Errors**
 *
 * `ExposedHost` when others than this machine could reach the address; `ServeError` when the port is taken.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (config: ServerConfig.ServerConfig) =>
  Layer.unwrap(Effect.map(ServerConfig.refuseExposed(config), ({ grace, host, port }) => {
    const server = make()
    const listening = NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout: grace })
    return Layer.provideMerge(cutAtTheEnd(server), listening)
  }))

/** Closes before the listener does, and after the grace time of the requests that it serves. */
const cutAtTheEnd = (server: Http.Server) =>
  Layer.effectDiscard(
    Effect.andThen(HttpServer.HttpServer, Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections())))
  )

const make = (): Http.Server => {
  const server = Http.createServer({
    headersTimeout: limits.headersMillis,
    requestTimeout: limits.requestMillis,
    connectionsCheckingInterval: limits.checkMillis,
    keepAliveTimeout: limits.idleMillis,
    maxHeaderSize: limits.headerBytes,
    // A request without a host is refused by SiteGuard, in the envelope.
    requireHostHeader: false,
    // Nothing here upgrades: a request that offers to is an ordinary one.
    shouldUpgradeCallback: () => false
  })
  server.maxHeadersCount = limits.headers
  server.maxConnections = limits.connections
  // Node closes idle connections when it stops listening, but not those that become idle afterwards.
  server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    response.once("finish", () => {
      if (!server.listening) request.socket.end()
    })
  })
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => answerBroken(error.code, socket))
  server.on("checkExpectation", (_request, response: Http.ServerResponse) => {
    const answer = brokenRequest("The Expect header asks for something that this server does not know")
    response.writeHead(417, headersOf(ErrorEnvelope.toText(answer))).end(ErrorEnvelope.toText(answer))
  })
  return server
}

const headersOf = (body: string) => ({
  "content-type": "application/json",
  "content-length": Buffer.byteLength(body),
  "content-security-policy": SecurityHeaders.apiPolicy,
  "x-content-type-options": "nosniff",
  "connection": "close"
})

/** Answers a request that Node could not read, unless an answer is on its way already. */
const answerBroken = (code: string | undefined, socket: Duplex): void => {
  const current = (socket as Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } })._httpMessage
  if (code === "ECONNRESET" || !socket.writable || current?.headersSent === true) {
    socket.destroy()
    return
  }
  const [status, error] = brokenAnswer(code)
  const body = ErrorEnvelope.toText(error)
  const head = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}\r\n`).join("")
  socket.end(`HTTP/1.1 ${status} ${Http.STATUS_CODES[status]}\r\n${head}\r\n${body}`)
  // The client may still be sending; without a moment to read, the reset would overtake the answer.
  setTimeout(() => socket.destroy(), 500).unref()
}

const brokenAnswer = (code: string | undefined): readonly [number, ApiError.ApiError] => {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, new ApiError.RequestTimeout({ error: { message: "The request took too long to arrive" } })]
    case "HPE_HEADER_OVERFLOW":
      return [431, brokenRequest(`The headers are larger than ${limits.headerBytes / 1024} KiB`)]
    default:
      return [400, brokenRequest("This is no HTTP/1.1 request")]
  }
}

const brokenRequest = (message: string) => new ApiError.InvalidRequest({ error: { message } })
