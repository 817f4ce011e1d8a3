import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { resolve } from "node:path"
import { DataFolder, layerConfig } from "../src/DataFolder.ts"

const folder = (env: Record<string, string>) =>
  DataFolder.use((folder) => Effect.succeed(folder)).pipe(
    Effect.provide(layerConfig),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  )

layer(NodeServices.layer)("DataFolder", (it) => {
  it.effect("is .millrace in the current directory, and reads from both, unless told otherwise", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* folder({}), {
        output: resolve(".millrace/output"),
        mail: resolve(".millrace/mail"),
        inputs: [resolve("."), resolve(".millrace")]
      })
    }))

  it.effect("lies where the environment says and then reads from one directory only", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* folder({ MILLRACE_DATA_DIR: "/srv/data", MILLRACE_INPUT_DIR: "/srv/in" }), {
        output: "/srv/data/output",
        mail: "/srv/data/mail",
        inputs: ["/srv/in"]
      })
    }))
})
