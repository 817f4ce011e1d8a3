/**
 * Requests byte by byte, for what no HTTP client would send.
 */
import { Effect } from "effect"
import * as Net from "node:net"
import { ServerUnderTest } from "./ServerUnderTest.ts"

/** What came back until the server closed the connection. */
export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly text: string
}

/**
 * Writes chunks as fast as the server takes them, and reads until it closes the connection. `chunks` may be endless:
 * writing stops when the connection ends.
 */
export const exchange = Effect.fnUntraced(function*(chunks: Iterable<string | Uint8Array>) {
  const { port } = yield* ServerUnderTest
  return yield* Effect.callback<RawAnswer>((resume) => {
    const received: Array<Buffer> = []
    const socket = Net.connect(port, "127.0.0.1")
    const iterator = chunks[Symbol.iterator]()
    const write = (): void => {
      for (;;) {
        const next = iterator.next()
        if (next.done === true || socket.destroyed || socket.writableEnded) return
        if (!socket.write(next.value)) return
      }
    }
    socket.on("connect", write)
    socket.on("drain", write)
    socket.on("data", (data) => received.push(data))
    // A server that cuts an endless body resets the connection: the answer came before.
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(answerOf(Buffer.concat(received).toString()))))
    return Effect.sync(() => socket.destroy())
  })
})

/** The first final answer: interim ones (100 Continue) are skipped. */
const answerOf = (received: string): RawAnswer => {
  const start = received.search(/HTTP\/1\.1 [2-5]\d\d /)
  const [head = "", ...rest] = received.slice(Math.max(0, start)).split("\r\n\r\n")
  return { status: Number(head.split(" ")[1]), head: head.toLowerCase(), text: rest.join("\r\n\r\n") }
}
