import { assert, describe, it } from "@effect/vitest"
import { MemoryStorage, Storage } from "@millrace/storage"
import { Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { HttpServer } from "effect/http"
import * as Listener from "../src/Listener.ts"
import * as ServerConfig from "../src/ServerConfig.ts"
import * as RawSocket from "./support/RawSocket.ts"
import * as T from "./support/ServerUnderTest.ts"

const quiet = Effect.provide(Logger.layer([]))

/** A server whose inserts wait for a gate, in a scope that the test closes. */
const gated = Effect.fnUntraced(function*(config: Partial<ServerConfig.ServerConfig>) {
  const arrived = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const memory = yield* MemoryStorage.make()
  const storage: Storage.Storage["Service"] = {
    ...memory,
    list: (query) =>
      Effect.andThen(Effect.andThen(Deferred.succeed(arrived, undefined), Deferred.await(gate)), memory.list(query))
  }
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(
    T.layerOnStorage(config).pipe(Layer.provideMerge(Layer.succeed(Storage.Storage, storage))),
    scope
  )
  const server = Context.get(context, T.ServerUnderTest)
  return { arrived, gate, scope, server, inside: Effect.provideService(T.ServerUnderTest, server) }
})

describe("Listener", () => {
  it.live("refuses an address that other machines can reach", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        Layer.build(Listener.layer({ ...ServerConfig.defaults, host: "0.0.0.0", port: 0 })).pipe(Effect.scoped)
      )
      assert.include(JSON.stringify(exit), "ExposedHost")
    }))

  it.live("says when its port is taken", () =>
    Effect.gen(function*() {
      const { address } = yield* HttpServer.HttpServer
      const port = address._tag === "UnixPathAddress" ? 0 : address.port
      const exit = yield* Effect.exit(
        Layer.build(Layer.fresh(Listener.layer({ ...ServerConfig.defaults, port }))).pipe(Effect.scoped)
      )
      assert.include(JSON.stringify(exit), "ServeError")
    }).pipe(Effect.provide(Listener.layer({ ...ServerConfig.defaults, port: 0 }))))

  it.live("lets a running request end before it stops, and takes no new one", () =>
    Effect.gen(function*() {
      const { arrived, gate, inside, scope } = yield* gated({ grace: Duration.seconds(20) })
      const running = yield* Effect.forkChild(inside(T.get("/api/v1/jobs")))
      yield* Deferred.await(arrived)
      const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      const late = yield* Effect.exit(inside(T.get("/nope")))
      assert.isTrue(Exit.isFailure(late))
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(running)).status, 200)
      yield* Fiber.join(stopping)
    }).pipe(quiet))

  it.live("interrupts what is left after the grace time, and answers it 503", () =>
    Effect.gen(function*() {
      const { arrived, inside, scope } = yield* gated({ grace: Duration.millis(100) })
      const running = yield* Effect.forkChild(inside(T.get("/api/v1/jobs")))
      yield* Deferred.await(arrived)
      yield* Scope.close(scope, Exit.void)
      const answer = yield* Fiber.join(running)
      assert.strictEqual(answer.status, 503)
      assert.include(T.errorOf(answer).message, "stopping")
    }).pipe(quiet))

  it.live("does not wait for a client that never finishes its request", () =>
    Effect.gen(function*() {
      const { inside, scope } = yield* gated({ grace: Duration.millis(100) })
      const half = yield* Effect.forkChild(inside(RawSocket.exchange(["POST /api/v1/jobs HTTP/1.1\r\nHost: loc"])))
      // The server answers a later request of its own, so it has seen the connection.
      assert.strictEqual((yield* inside(T.get("/nope"))).status, 404)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(half)).text, "")
    }).pipe(quiet))

  it.live("does not wait for connections without a request", () =>
    Effect.gen(function*() {
      const { inside, scope } = yield* gated({ grace: Duration.seconds(20) })
      const idle = yield* Effect.forkChild(
        inside(RawSocket.exchange(["GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n"]))
      )
      assert.strictEqual((yield* inside(T.get("/nope"))).status, 404)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(idle)
    }).pipe(quiet))
})
