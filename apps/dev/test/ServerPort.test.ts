import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import * as ServerPort from "../src/ServerPort.ts"

const taken = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
    const server = createServer()
    server.listen(
      0,
      ServerPort.host,
      () => resume(Effect.succeed({ port: (server.address() as AddressInfo).port, close: () => void server.close() }))
    )
  }),
  ({ close }) => Effect.sync(close)
)

describe("ServerPort", () => {
  it.effect("names a port that is taken, and how to choose another", () =>
    Effect.gen(function*() {
      const { port } = yield* taken
      const error = yield* Effect.flip(ServerPort.find(port))
      assert.include(error.message, `Port ${port} on 127.0.0.1 is taken`)
      assert.include(error.message, "MILLRACE_PORT")
    }))

  it.effect("chooses a free port for 0, which can be had", () =>
    Effect.gen(function*() {
      const port = yield* ServerPort.find(0)
      assert.isAbove(port, 0)
      assert.strictEqual(yield* ServerPort.find(port), port)
    }))
})
