/**
 * Which network addresses a webhook may go to: those of the public internet.
 *
 * The check is made on the address that is connected to, not on a name that may mean another one a moment later.
 *
 * @since 0.1.0
 */
import { BlockList, isIP } from "node:net"

/** IANA's registries of special-purpose addresses: what is not globally reachable, and what holds an IPv4 address inside. */
const ipv4: ReadonlyArray<readonly [net: string, prefix: number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4]
]

const special = new BlockList()
for (const [net, prefix] of ipv4) special.addSubnet(net, prefix, "ipv4")

/** All global unicast addresses of IPv6 are in here. */
const global6 = new BlockList()
global6.addSubnet("2000::", 3, "ipv6")

const special6 = new BlockList()
for (const [net, prefix] of [["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]] as const) {
  special6.addSubnet(net, prefix, "ipv6")
}

/**
 * Whether an address is one of the public internet. Anything that is no address is not.
 *
 * @stability unstable
 * @category predicates
 * @since 0.1.0
 */
export const isPublic = (address: string): boolean => {
  const family = isIP(address)
  if (family === 4) return !special.check(address, "ipv4")
  return family === 6 && global6.check(address, "ipv6") && !special6.check(address, "ipv6")
}

/**
 * The address that the host of a URL is by itself, null when it is a name.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const literalOf = (url: URL): string | null => {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1")
  return isIP(host) === 0 ? null : host
}
