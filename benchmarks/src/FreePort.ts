/**
 * A TCP port on the loopback interface that nobody listens on.
 */
import { once } from "node:events"
import { createServer } from "node:net"

/** Asks the system for a free port and gives it back at once. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}
