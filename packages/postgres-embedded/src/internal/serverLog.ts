/**
 * Reads the end of a server's log for error messages.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"

/** How many lines an error carries. */
const lines = 20

/** What comes after `offset` bytes, its last 20 lines; empty when the file can not be read. */
export const tail = Effect.fnUntraced(function*(path: string, offset: number) {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* fs.readFile(path).pipe(Effect.orElseSucceed(() => new Uint8Array()))
  return new TextDecoder().decode(bytes.subarray(offset)).trim().split("\n").slice(-lines).join("\n")
})

/** Bytes in the file now; 0 when there is none. */
export const size = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(path).pipe(Effect.map((info) => Number(info.size)), Effect.orElseSucceed(() => 0))
})
