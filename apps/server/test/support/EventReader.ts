/**
 * Reads Server-Sent Events, one at a time, as a browser's EventSource would.
 */
import { Effect } from "effect"
import { ServerUnderTest } from "./ServerUnderTest.ts"

/** A stream of events that is being read. `next` is the next event, or null at the end of the stream. */
export interface Reader {
  readonly status: number
  readonly contentType: string | null
  readonly next: Effect.Effect<Record<string, unknown> | null>
}

/** Opens a stream of events until the scope closes. */
export const open = Effect.fnUntraced(function*(path: string) {
  const { baseUrl } = yield* ServerUnderTest
  const controller = yield* Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (controller) => Effect.sync(() => controller.abort())
  )
  const response = yield* Effect.promise(() => fetch(`${baseUrl}${path}`, { signal: controller.signal }))
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  const next = Effect.promise(async (): Promise<Record<string, unknown> | null> => {
    for (;;) {
      const end = text.indexOf("\n\n")
      if (end >= 0) {
        const event = text.slice(0, end)
        text = text.slice(end + 2)
        return parse(event)
      }
      const chunk = await reader?.read()
      if (chunk === undefined || chunk.done) return null
      text += chunk.value
    }
  })
  return { status: response.status, contentType: response.headers.get("content-type"), next } satisfies Reader
})

const parse = (event: string) => {
  const data = event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim())
  return JSON.parse(data.join("\n")) as Record<string, unknown>
}

/** Reads on until an event is of this type. */
export const until = (reader: Reader, type: string): Effect.Effect<Record<string, unknown> | null> =>
  Effect.flatMap(
    reader.next,
    (event) => event === null || event["type"] === type ? Effect.succeed(event) : until(reader, type)
  )
