/**
 * The rows of a job's source, in batches, read no faster than they are processed.
 *
 * A file is read in blocks of 16 KiB; in memory are one block, its rows, and at most one unfinished row
 * (1 Mi characters). Inline data is already in the payload and goes through the same readers.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { SourceUnusable } from "../DataError.ts"
import type { FileFailure } from "../DataError.ts"
import type { DataPayload } from "../DataPayload.ts"
import * as LineSplitter from "./lineSplitter.ts"
import * as RowReader from "./rowReader.ts"
import * as SourceFile from "./sourceFile.ts"
import type { SourceRow } from "./sourceRow.ts"

/**
 * Some rows; `share` is how much of the source was read with them, from 0 to 1.
 *
 * **Details**
 *
 * `header` is the header of a CSV, null for JSON.
 */
export interface Batch {
  readonly rows: ReadonlyArray<SourceRow>
  readonly header: ReadonlyArray<string> | null
  readonly share: number
}

/** A source: its name for messages, and its rows. */
export interface RowSource {
  readonly name: string
  readonly batches: Stream.Stream<Batch, FileFailure | SourceUnusable>
}

// Measured on a million product rows: the process peaks at 166 MB; with 64 KiB V8 lets its young generation grow
// to a peak of 255 MB, because more rows are alive whenever it collects.
const blockBytes = 16 * 1024

/** The number of characters that one row may have: 1,048,576. */
const maxRowChars = 1024 * 1024

/** The source that the payload names. */
export const make = Effect.fn("RowSource.make")(function*(payload: DataPayload) {
  if (payload.source === undefined) {
    return inline(payload)
  }
  const fs = yield* FileSystem.FileSystem
  const file = yield* SourceFile.find(payload.source)
  const reader = readerOf(payload, payload.format ?? file.format, file.path)
  const bytes = fs.stream(file.path, { chunkSize: blockBytes }).pipe(
    Stream.mapError(SourceFile.failedToRead(file.path))
  )
  return { name: payload.source, batches: fromBytes(payload.source, bytes, file.bytes, reader) } satisfies RowSource
})

const readerOf = (payload: DataPayload, format: SourceFile.Format, path: string): RowReader.RowReader =>
  format === "jsonl"
    ? RowReader.jsonLines({ delimiter: undefined, maxChars: maxRowChars })
    : RowReader.csv({
      delimiter: payload.delimiter ?? (path.toLowerCase().endsWith(".tsv") ? "\t" : undefined),
      maxChars: maxRowChars
    })

const inline = (payload: DataPayload): RowSource => {
  const name = "data (inline)"
  const { data = [] } = payload
  return typeof data === "string"
    ? { name, batches: fromText(name, Stream.make(data), () => 1, readerOf(payload, payload.format ?? "csv", "")) }
    : { name, batches: fromValues(data) }
}

const valuesPerBatch = 500

const fromValues = (values: ReadonlyArray<Schema.Json>): Stream.Stream<Batch> =>
  Stream.fromIterable(
    values.map((value, at) => RowReader.jsonRow(value, { row: at + 1, line: null }, () => JSON.stringify(value)))
  ).pipe(
    Stream.grouped(valuesPerBatch),
    Stream.map((rows) => ({ rows, header: null, share: (rows.at(-1)?.row ?? 0) / values.length }))
  )

const fromBytes = (
  name: string,
  bytes: Stream.Stream<Uint8Array, FileFailure>,
  total: number,
  reader: RowReader.RowReader
): RowSource["batches"] =>
  Stream.suspend(() => {
    const decoder = new TextDecoder()
    let read = 0
    const text = bytes.pipe(
      Stream.mapEffect((block) => {
        const first = read === 0
        read += block.length
        return first && isUtf16(block)
          ? Effect.fail(new SourceUnusable({ source: name, detail: "it is UTF-16; save it as UTF-8" }))
          : Effect.succeed(decoder.decode(block, { stream: true }))
      }),
      Stream.concat(Stream.sync(() => decoder.decode()))
    )
    // The file may grow while it is read; what counts is that progress never passes the end.
    return fromText(name, text, () => Math.min(1, read / Math.max(1, total)), reader)
  })

const isUtf16 = (block: Uint8Array): boolean =>
  (block[0] === 0xFF && block[1] === 0xFE) || (block[0] === 0xFE && block[1] === 0xFF)

const fromText = <E>(
  name: string,
  text: Stream.Stream<string, E>,
  share: () => number,
  reader: RowReader.RowReader
): Stream.Stream<Batch, E | SourceUnusable> => {
  const splitter = LineSplitter.make(maxRowChars)
  const batch = (rows: RowReader.Rows): Effect.Effect<Batch, SourceUnusable> =>
    Result.match(rows, {
      onFailure: (detail) => Effect.fail(new SourceUnusable({ source: name, detail })),
      onSuccess: (rows) => Effect.succeed({ rows, header: reader.header(), share: share() })
    })
  return text.pipe(
    Stream.mapEffect((part) => batch(reader.feed(splitter.feed(part)))),
    Stream.concat(Stream.mapEffect(Stream.suspend(() => Stream.make(reader.feed(splitter.end()), reader.end())), batch))
  )
}
