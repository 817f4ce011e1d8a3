/**
 * How busy the event loop of this process is, as Node measures it.
 *
 * Time that is spent computing counts, and time that the machine kept from the process meanwhile; waiting does not.
 *
 * @since 0.1.0
 */
import { ProcessLoad } from "@millrace/queue/ProcessLoad"
import * as Layer from "effect/Layer"
import { performance } from "node:perf_hooks"

/**
 * Lets workers know how busy the process is.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = Layer.succeed(ProcessLoad, () => {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
})
