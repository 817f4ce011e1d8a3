/**
 * What the terminal, or whatever reads instead of one, gets to see: whole lines, each with the program that wrote it.
 *
 * A line that is a JSON object stays one: the program's name becomes its first field. Nobody has to read along: beyond
 * a limit, lines that nobody takes are dropped and counted instead of filling the memory.
 *
 * @since 0.1.0
 */

/** Where lines go. */
export interface Output {
  /** A line of a program. */
  readonly line: (program: string, text: string) => void
  /** Text as it is. */
  readonly text: (text: string) => void
}

/** The part of a stream that an output needs; `process.stdout` is one. */
export interface Sink {
  readonly writableLength: number
  readonly write: (text: string) => unknown
  readonly on: (event: "error", listener: () => void) => unknown
}

/** The longest name: those of the others are filled up, so that the texts stand below each other. */
const nameLength = "server".length

/** Bytes that may wait for the reader: 4 MiB. */
const waitingBytes = 4 * 1024 * 1024

/** An output to a stream that may be slow, or gone. */
export const make = (sink: Sink): Output => {
  let dropped = 0
  // A reader that has gone (head, a closed terminal) is no reason to stop.
  sink.on("error", () => undefined)
  const text = (text: string): void => {
    if (sink.writableLength > waitingBytes) {
      dropped++
      return
    }
    if (dropped > 0) sink.write(`${prefixed("dev", `${dropped} lines were dropped: nobody took them`)}\n`)
    dropped = 0
    sink.write(text)
  }
  return { text, line: (program, line) => text(`${prefixed(program, line)}\n`) }
}

/** A line with the name of its program. */
export const prefixed = (program: string, line: string): string => {
  if (!isJsonObject(line)) return `${program.padEnd(nameLength)} | ${line}`
  const rest = line.trim().slice(1).trimStart()
  return `{"program":${JSON.stringify(program)}${rest === "}" ? "" : ","}${rest}`
}

const isJsonObject = (line: string): boolean => {
  if (!/^\s*\{.*\}\s*$/.test(line)) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

/** Cuts a stream of text into lines; `end` hands over what has no line end. */
export const splitter = (
  take: (line: string) => void
): { readonly push: (text: string) => void; readonly end: () => void } => {
  let rest = ""
  return {
    push: (text) => {
      const lines = `${rest}${text}`.split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) take(line.endsWith("\r") ? line.slice(0, -1) : line)
    },
    end: () => {
      if (rest !== "") take(rest)
      rest = ""
    }
  }
}
