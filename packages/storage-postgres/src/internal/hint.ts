/**
 * Events as the text of a NOTIFY, and back.
 *
 * A payload is lines of one hint each and stays below PostgreSQL's 8,000 bytes. `Finished` is not sent
 * to other processes: who waits there, polls.
 */
import type { StorageEvent } from "@millrace/storage/Storage"

/** PostgreSQL refuses payloads of 8,000 bytes and more. */
const bytesMax = 7900

/** The line of an event; null for what is not sent. */
export const encode = (event: StorageEvent): string | null => {
  switch (event._tag) {
    case "Available":
      return `a${event.queue}`
    case "CancelRequested":
      return `c${event.workerId}`
    case "Scheduled":
      return "s"
    case "Connected":
    case "Finished":
      return null
  }
}

/** The event of a line; null for lines of a later release. */
const decode = (line: string): StorageEvent | null => {
  const rest = line.slice(1)
  switch (line[0]) {
    case "a":
      return { _tag: "Available", queue: rest }
    case "c":
      return { _tag: "CancelRequested", workerId: rest }
    case "s":
      return { _tag: "Scheduled" }
    default:
      return null
  }
}

/** The line that names the sender, which need not hear itself; releases that do not know it pass it over. */
const senderLine = (sender: string): string => `p${sender}`

/**
 * Empties the set into as few payloads as will hold its lines, each begun by its sender; a line that no payload holds
 * is dropped.
 */
export const pack = (hints: Set<string>, sender: string): ReadonlyArray<string> => {
  const payloads: Array<string> = []
  const first = senderLine(sender)
  const firstBytes = new TextEncoder().encode(first).length
  let payload = first
  let bytes = firstBytes
  for (const hint of hints) {
    const size = new TextEncoder().encode(hint).length + 1
    if (firstBytes + size > bytesMax || hint.includes("\n")) continue
    if (bytes + size > bytesMax) {
      payloads.push(payload)
      payload = first
      bytes = firstBytes
    }
    payload = `${payload}\n${hint}`
    bytes += size
  }
  hints.clear()
  return payload === first ? payloads : [...payloads, payload]
}

/** The events of a payload; none of one that the listener itself sent: it heard of those without the server. */
export const unpack = (payload: string, listener: string): ReadonlyArray<StorageEvent> => {
  const lines = payload.split("\n")
  return lines[0] === senderLine(listener) ? [] : lines.flatMap((line) => decode(line) ?? [])
}
