/**
 * A door between a client and a server: open, shut (connections are refused and cut), or stuck (nothing passes).
 */
import { Context, Effect, Layer } from "effect"
import * as Net from "node:net"

type State = "open" | "shut" | "stuck"

export class Gateway extends Context.Service<Gateway, {
  readonly port: number
  readonly set: (state: State) => Effect.Effect<void>
}>()("@millrace/server/test/Gateway") {}

/** A gateway to a port of this machine. */
export const layer = (target: number, initial: State = "open") =>
  Layer.effect(
    Gateway,
    Effect.gen(function*() {
      let state: State = initial
      const sockets = new Set<Net.Socket>()
      const server = Net.createServer((inner) => {
        const outer = Net.connect(target, "127.0.0.1")
        join(inner, outer)
        join(outer, inner)
        if (state === "shut") inner.destroy()
        if (state === "stuck") [inner, outer].forEach((socket) => socket.pause())
      })
      const join = (from: Net.Socket, to: Net.Socket): void => {
        sockets.add(from)
        from.on("data", (data) => to.write(data))
        from.on("error", () => {})
        from.on("close", () => {
          sockets.delete(from)
          to.destroy()
        })
      }
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          server.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () =>
          Effect.callback<void>((resume) => {
            server.close(() => resume(Effect.void))
            sockets.forEach((socket) => socket.destroy())
          })
      )
      return Gateway.of({
        port: (server.address() as Net.AddressInfo).port,
        set: (next) =>
          Effect.sync(() => {
            state = next
            for (const socket of sockets) {
              if (next === "shut") socket.destroy()
              else if (next === "stuck") socket.pause()
              else socket.resume()
            }
          })
      })
    })
  )
