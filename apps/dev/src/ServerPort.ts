/**
 * Looks whether the server can have its port, before anything starts.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"

/** The address that the server listens on. */
export const host = "127.0.0.1"

/** The server can not listen on its port. */
export class PortUnusable extends Schema.TaggedError<PortUnusable>()("PortUnusable", {
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    const why = this.code === "EADDRINUSE"
      ? "is taken: another program listens there"
      : this.code === "EACCES"
      ? "is not for this user (EACCES)"
      : `can not be used (${this.code})`
    return `Port ${this.port} on ${host} ${why}. Stop that program, or set MILLRACE_PORT to another port ` +
      "(0 takes any free one)."
  }
}

/** The port, which was free a moment ago; for 0 one that the system chose. */
export const find = (port: number): Effect.Effect<number, PortUnusable> =>
  Effect.callback((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new PortUnusable({ port, code: error.code ?? error.message }))))
    server.listen(port, host, () => {
      const chosen = (server.address() as AddressInfo).port
      server.close(() =>
        resume(Effect.succeed(chosen))
      )
    })
  })
