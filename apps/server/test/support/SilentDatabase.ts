/**
 * What takes connections and never says a word; and how long each of them lasted.
 */
import { Effect } from "effect"
import * as Net from "node:net"

/** Listens as long as the scope is open. */
export const listen = Effect.gen(function*() {
  const lasted: Array<number> = []
  const server = Net.createServer((socket) => {
    const openedAt = performance.now()
    socket.on("error", () => {})
    socket.on("close", () => lasted.push(performance.now() - openedAt))
    socket.resume()
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close())
  )
  const { port } = server.address() as Net.AddressInfo
  return { url: `postgres://nobody:none@127.0.0.1:${port}/none`, lasted: (): ReadonlyArray<number> => lasted }
})
