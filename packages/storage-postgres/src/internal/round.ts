/**
 * Rounds over tenants in the order of their names: those behind the first, then those before it, and it the last.
 *
 * A claim walks on from tenant to tenant while it finds nothing that it may take; the round is over where it would look
 * at a tenant twice.
 */

/** Whether going on from one tenant to another completed the round that began behind `start`. */
export const isOver = (start: string, from: string, to: string): boolean =>
  to === start || (from !== start && placeOf(start, to) <= placeOf(start, from))

/** Where a tenant stands in the round, as a text to compare. */
const placeOf = (start: string, tenant: string): string => {
  const bytes = bytesOf(tenant)
  return bytes > bytesOf(start) ? `0${bytes}` : `1${bytes}`
}

/** A text that compares as the server compares names: by the bytes of UTF-8. */
const bytesOf = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("")
