import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { Handlers } from "../src/Handlers.ts"
import * as Job from "../src/Job.ts"
import * as Queue from "../src/Queue.ts"
import * as Worker from "../src/Worker.ts"
import * as TestWorker from "./TestWorker.ts"

const Work = Job.make("Work", { payload: {} })

describe("Handlers", () => {
  it.effect("hold a handler until its scope closes, and take another one afterwards", () =>
    Effect.gen(function*() {
      const context = yield* Layer.build(Worker.layer())
      const handlers = Context.get(context, Handlers)
      const register = (result: string) => {
        const handler = Work.toLayer(() => Effect.log(result))
        return Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Layer.buildWithScope(handler.pipe(Layer.provide(Layer.succeedContext(context))), scope)
          return { close: Scope.close(scope, Exit.void) }
        })
      }
      const first = yield* register("first")
      assert.deepStrictEqual(yield* handlers.names, ["Work"])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(register("second"))))
      yield* first.close
      assert.deepStrictEqual(yield* handlers.names, [])
      const { id } = yield* Work.enqueue({})
      yield* TestWorker.pass(3_000)
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "available")
      const again = yield* register("again")
      yield* TestWorker.pass(3_000)
      assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).state, "completed")
      yield* again.close
    }).pipe(Effect.provide(TestWorker.layer())))
})
