// Where a connection may go. The name was matched before any look-up; here every address that it leads to is checked,
// and what was checked is what is connected. Public is what IANA's registries call global unicast; all else (private,
// loopback, link-local with the clouds' metadata, CGNAT, multicast, mapped, NAT64, 6to4, Teredo …) must be listed.

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** All addresses of a name. Rejects where there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The operating system's resolver. */
export const systemResolve: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

export interface Destinations {
  /** The literal address that a URL's host is, without brackets; undefined for a name. */
  literal(host: string): string | undefined;
  /** Whether `address`, to which `host` leads, may be connected. */
  permits(host: string, address: string): boolean;
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

function literal(host: string): string | undefined {
  const text = host.replace(/^\[|\]$/g, "");
  return isIP(text) === 0 ? undefined : text;
}

/** `hosts` are those that the rules name, `networks` the grant's own CIDRs. */
export function makeDestinations(hosts: ReadonlySet<string>, networks: readonly string[]): Destinations {
  const listed = networks.map((text) => ipaddr.parseCIDR(text));
  return {
    literal,
    permits(host, address) {
      const parsed = parse(address);
      if (parsed === undefined) return false;
      // A rule that names the very address lists it; one that names localhost lists the loopback.
      if (literal(host) !== undefined) return hosts.has(host);
      if (listed.some((network) => lies(parsed, network))) return true;
      return isPublic(parsed) || (host === "localhost" && hosts.has(host) && parsed.range() === "loopback");
    },
  };
}

/** As the kernel reads it. The library alone takes 0x08080808 for an address, and ::1.2.3.4 for ::ffff:1.2.3.4. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (isIP(address) === 4) return ipaddr.IPv4.parse(address);
  const url = `http://[${address}]/`;
  return isIP(address) === 6 && URL.canParse(url) ? ipaddr.process(new URL(url).hostname.slice(1, -1)) : undefined;
}

function lies(address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");
/** Global by the registries, and yet a door to the machine's own keeper in one cloud: Azure's WireServer. */
const WIRE_SERVER = ipaddr.parseCIDR("168.63.129.16/32");

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== "unicast" || lies(address, WIRE_SERVER)) return false;
  return address.kind() === "ipv4" || lies(address, GLOBAL_UNICAST);
}
