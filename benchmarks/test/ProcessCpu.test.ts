import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ProcessCpu from "../src/ProcessCpu.ts"

const line = (pid: number, command: string, parent: number, ticks: ReadonlyArray<number>): string =>
  `${pid} (${command}) S ${parent} 1 1 0 -1 4194560 1 2 3 4 ${ticks.join(" ")} 20 0 1 0 100`

describe("ProcessCpu", () => {
  it("reads the line of a process whose name holds spaces and parentheses", () => {
    assert.deepStrictEqual(ProcessCpu.parseStat(line(42, "postgres: a (b) c", 7, [10, 5, 200, 100])), {
      pid: 42,
      parent: 7,
      own: 15,
      reaped: 300
    })
    assert.isUndefined(ProcessCpu.parseStat(""))
  })

  it("sums a tree with its reaped children and leaves strangers out", () => {
    const processes = [
      { pid: 12, parent: 11, own: 4, reaped: 0 },
      { pid: 11, parent: 10, own: 2, reaped: 1 },
      { pid: 10, parent: 1, own: 1, reaped: 100 },
      { pid: 99, parent: 1, own: 1000, reaped: 0 }
    ]
    assert.strictEqual(ProcessCpu.treeTicks(10, processes), 108)
    assert.isNull(ProcessCpu.treeTicks(5, processes))
  })

  it.effect("has a figure for this process on Linux and none for a process that is not there", () =>
    Effect.gen(function*() {
      const mine = yield* ProcessCpu.treeSeconds(process.pid)
      assert.strictEqual(mine !== null, process.platform === "linux")
      assert.isNull(yield* ProcessCpu.treeSeconds(2 ** 30))
    }))
})
