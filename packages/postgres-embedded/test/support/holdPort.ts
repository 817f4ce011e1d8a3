import { Effect } from "effect"
import { createServer } from "node:net"

/** Listens on a port of the loopback address until the scope closes. */
export const holdPort = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer()
      server.listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )
