/**
 * Finds free TCP ports on the loopback address.
 */
import * as Effect from "effect/Effect"
import { createServer } from "node:net"

/** The address all servers of this package listen on. */
export const loopback = "127.0.0.1"

/** Binds a port for a moment; 0 asks the system for one. Returns undefined when it is taken. */
const bind = (port: number): Effect.Effect<number | undefined> =>
  Effect.callback<number | undefined>((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.undefined))
    server.listen(port, loopback, () => {
      const address = server.address()
      const bound = typeof address === "object" && address !== null ? address.port : undefined
      server.close(() => resume(Effect.succeed(bound)))
    })
    return Effect.sync(() => server.close())
  })

/** A port that was free a moment ago: whoever uses it has to expect that it is taken by then. */
export const free: Effect.Effect<number | undefined> = bind(0)

/** Whether a port was free a moment ago. */
export const isFree = (port: number): Effect.Effect<boolean> => Effect.map(bind(port), (bound) => bound === port)
