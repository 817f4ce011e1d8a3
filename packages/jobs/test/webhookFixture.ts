import { Effect } from "effect"
import type { IncomingHttpHeaders } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** A request as a receiver of webhooks sees it. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A real HTTP server on the loopback until the scope closes, which answers with these statuses, the last one for ever. */
export const receiver = (...statuses: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const received: Array<Received> = []
    const server = createServer((request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 204
        received.push({
          path: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(parts).toString("utf8")
        })
        response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end()
      })
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
    )
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received }
  })
