import { Effect } from "effect"
import type { AddressInfo, Server, Socket } from "node:net"
import { createServer } from "node:net"
import { SMTPServer } from "smtp-server"

interface Refusal {
  readonly responseCode: number
  readonly message: string
}

interface Received {
  readonly from: string
  readonly to: ReadonlyArray<string>
  readonly source: string
}

/** What a server refuses, how often (always, unless said), and the log-in it asks for. */
export interface Options {
  readonly refusals?: number
  readonly onRecipient?: Refusal
  readonly onData?: Refusal
  readonly user?: string
  readonly password?: string
}

const refusal = ({ message, responseCode }: Refusal): Error => Object.assign(new Error(message), { responseCode })

/** A real SMTP server on a free port of the loopback, without TLS, until the scope closes. */
export const smtpServer = (options: Options = {}) =>
  Effect.gen(function*() {
    const received: Array<Received> = []
    let connections = 0
    let refused = 0
    const refuse = (what: Refusal | undefined): Error | null => {
      if (what === undefined || refused >= (options.refusals ?? Infinity)) return null
      refused += 1
      return refusal(what)
    }
    const server = new SMTPServer({
      logger: false,
      disabledCommands: options.user === undefined ? ["AUTH", "STARTTLS"] : ["STARTTLS"],
      allowInsecureAuth: true,
      authOptional: options.user === undefined,
      onConnect: (_session, done) => {
        connections += 1
        done()
      },
      onAuth: ({ password, username }, _session, done) =>
        username === options.user && password === options.password
          ? done(null, { user: username })
          : done(refusal({ responseCode: 535, message: "5.7.8 wrong user or password" })),
      onRcptTo: (_address, _session, done) => done(refuse(options.onRecipient)),
      onData: (stream, session, done) => {
        const parts: Array<Buffer> = []
        stream.on("data", (part: Buffer) => parts.push(part))
        stream.on("end", () => {
          const error = refuse(options.onData)
          if (error !== null) {
            return done(error)
          }
          received.push({
            from: session.envelope.mailFrom === false ? "" : session.envelope.mailFrom.address,
            to: session.envelope.rcptTo.map((recipient) => recipient.address),
            source: Buffer.concat(parts).toString("utf8")
          })
          return done()
        })
      }
    })
    server.on("error", () => {})
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () => Effect.callback<void>((resume) => server.close(() => resume(Effect.void)))
    )
    return { port: portOf(server.server), received, connections: () => connections, refused: () => refused }
  })

/** A port on which connections are accepted and never answered. */
export const silentServer = Effect.gen(function*() {
  const sockets: Array<Socket> = []
  const server = createServer((socket) => void sockets.push(socket.on("error", () => {})))
  yield* listening(server)
  yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())))
  return portOf(server)
})

/** A port on which nobody listens any more. */
export const closedPort = Effect.scoped(Effect.gen(function*() {
  const server = createServer()
  yield* listening(server)
  return portOf(server)
}))

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

const portOf = (server: { readonly address: () => AddressInfo | string | null }): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}
