import { assert, describe, it } from "@effect/vitest"
import * as RedisServer from "../src/RedisServer.ts"

describe("RedisServer", () => {
  it("adds up the CPU of the server and of its background children", () => {
    const info = "$120\r\n# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.25\r\nused_cpu_sys_children:0.125\r\n" +
      "used_cpu_user_children:0.125\r\nused_cpu_sys_main_thread:1.4\r\n+OK\r\n"
    assert.strictEqual(RedisServer.parseCpu(info), 4)
    assert.isNull(RedisServer.parseCpu("-ERR unknown\r\n"))
  })
})
