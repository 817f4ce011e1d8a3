/**
 * Which host names mean this machine, and which of them a request named.
 *
 * A server without keys is safe only while nobody else reaches it. Listening on the loopback interface keeps other
 * machines out; the `Host` header keeps web pages out that made their own name resolve to 127.0.0.1.
 *
 * @since 0.1.0
 */

const ipv4Loopback = /^127\.(?:\d{1,3})\.(?:\d{1,3})\.(?:\d{1,3})$/

/**
 * Tells whether a host name or address is the loopback interface: `localhost`, `127.0.0.0/8`, `::1`.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const isLoopback = (host: string): boolean => {
  const name = host.toLowerCase()
  return name === "localhost" || name === "::1" || name === "[::1]" || ipv4Loopback.test(name)
}

/**
 * Returns the name in a `Host` header without its port, in lower case; null when it is no host.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const ofHeader = (header: string): string | null => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:/?#@\s]+)(?::\d{1,5})?$/.exec(header)
  return match?.[1]?.toLowerCase() ?? null
}
