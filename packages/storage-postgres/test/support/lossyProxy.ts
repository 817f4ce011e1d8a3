/**
 * A proxy before the server that can lose an answer: the statement is done, and nobody hears of it. Or it swallows
 * everything on the connections that stand, without closing them: they are half-open, as after a power cut of a router.
 */
import { Effect, Redacted } from "effect"
import * as Net from "node:net"

const close = (server: Net.Server, sockets: ReadonlySet<Net.Socket>) =>
  Effect.callback<void>((resume) => {
    for (const socket of sockets) socket.destroy()
    server.close(() => resume(Effect.void))
  })

/** A proxy. */
export type LossyProxy = Effect.Success<ReturnType<typeof make>>

/** Listens on a port of its own and passes everything on to the server of a URL, until the scope closes. */
export const make = Effect.fnUntraced(function*(url: Redacted.Redacted) {
  const target = new URL(Redacted.value(url))
  const sockets = new Set<Net.Socket>()
  let losing = false
  let isOpen = true
  const swallowed = new Set<Net.Socket>()

  const connect = (client: Net.Socket) => {
    if (!isOpen) {
      sockets.add(client)
      client.on("error", () => undefined)
      return
    }
    const server = Net.connect(Number(target.port), target.hostname)
    for (const [from, to] of [[client, server], [server, client]] as const) {
      sockets.add(from)
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        if (!swallowed.has(from)) to.destroy()
      })
    }
    client.on("data", (data) => swallowed.has(client) || server.write(data))
    server.on("data", (data) => {
      if (swallowed.has(server)) return
      if (!losing) return client.write(data)
      losing = false
      return client.destroy()
    })
  }

  const server = yield* Effect.acquireRelease(
    Effect.callback<Net.Server>((resume) => {
      const server = Net.createServer(connect)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => close(server, sockets)
  )
  const through = new URL(target.href)
  through.hostname = "127.0.0.1"
  through.port = String((server.address() as Net.AddressInfo).port)
  return {
    url: Redacted.make(through.href),
    /** The next answer of the server is lost, with its connection. */
    loseNext: Effect.sync(() => {
      losing = true
    }),
    /** Connections that stand pass nothing on any more, and are not closed; new ones do. */
    swallow: Effect.sync(() => {
      for (const socket of sockets) swallowed.add(socket)
    }),
    /** New connections are accepted and lead nowhere, or lead to the server again. */
    shut: Effect.sync(() => {
      isOpen = false
    }),
    reopen: Effect.sync(() => {
      isOpen = true
    })
  }
})
