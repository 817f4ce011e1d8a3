/**
 * Finds free TCP ports on the loopback address.
 */
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { createServer } from "node:net"

/** The address all servers of this package listen on. */
export const loopback = "127.0.0.1"

/**
 * Below the ports that systems give to outgoing connections (Linux from 32768,
 * macOS and Windows from 49152). From one of those, a client that keeps trying
 * to reach a stopped server can connect to itself and so take the server's port.
 */
const lowest = 20_000
const end = 32_000

/** How many ports are tried. */
const attempts = 50

/** Whether a port was free a moment ago. */
export const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(port, loopback, () => server.close(() => resume(Effect.succeed(true))))
    return Effect.sync(() => server.close())
  })

/**
 * A port that was free a moment ago: whoever uses it has to expect that it is
 * taken by then. Undefined when 50 random ports were all taken.
 */
export const free: Effect.Effect<number | undefined> = Effect.gen(function*() {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowest, end)
    if (yield* isFree(port)) return port
  }
  return undefined
})
