"""Which network addresses the product may call: an explicit table, because the standard library's answers have holes.

``ipaddress.is_private`` lets 100.64.0.0/10, 168.63.129.16, NAT64, 6to4, ``::127.0.0.1`` and multicast through, and
``is_global`` calls several of them public. The table follows the IANA special-purpose registries (RFC 6890 and its
updates) and the metadata addresses of the large clouds. The first matching line decides.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

from msgspec import Struct


class Standing(Enum):
    """Who may call an address: anybody, only a host the operator has named, or nobody."""

    PUBLIC = "public"
    INTERNAL = "internal"
    NEVER = "never"


class Verdict(Struct, frozen=True):
    """What an address is; ``what`` completes the sentence "it is …"."""

    standing: Standing
    what: str


_METADATA = "a cloud metadata address"
_EMBEDS = "an IPv6 form that hides an IPv4 address"
_DOCUMENTATION = "reserved for documentation"

_NEVER = {
    "168.63.129.16/32": _METADATA,  # Azure
    "169.254.0.0/16": "link-local, where cloud metadata lives",
    "100.100.100.200/32": _METADATA,  # Alibaba
    "192.0.0.0/24": "reserved for protocols, with cloud metadata at 192.0.0.192",
    "fd00:ec2::/32": _METADATA,  # AWS
    "fd20:ce::254/128": _METADATA,  # Google
    "fd00:42::42/128": _METADATA,  # Scaleway
    "0.0.0.0/8": "this network, which reaches the machine itself",
    "192.0.2.0/24": _DOCUMENTATION,
    "198.51.100.0/24": _DOCUMENTATION,
    "203.0.113.0/24": _DOCUMENTATION,
    "192.88.99.0/24": "a retired 6to4 relay",
    "198.18.0.0/15": "reserved for benchmarks",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::/128": "unspecified, which reaches the machine itself",
    "::ffff:0:0/96": _EMBEDS,
    "64:ff9b::/96": _EMBEDS,
    "64:ff9b:1::/48": _EMBEDS,
    "2001::/32": _EMBEDS,
    "2002::/16": _EMBEDS,
    "2001::/23": "reserved for protocols",
    "2001:db8::/32": _DOCUMENTATION,
    "3fff::/20": _DOCUMENTATION,
    "5f00::/16": "reserved for segment routing",
    "100::/64": "the discard prefix",
    "fe80::/10": "link-local",
    "fec0::/10": "a retired site-local address",
    "ff00::/8": "multicast",
}
_INTERNAL = {
    "127.0.0.0/8": "this machine",
    "::1/128": "this machine",
    "10.0.0.0/8": "a private network",
    "172.16.0.0/12": "a private network",
    "192.168.0.0/16": "a private network",
    "100.64.0.0/10": "a shared carrier network",
    "fc00::/7": "a private network",
}
_TABLE = [(ip_network(net), Verdict(Standing.NEVER, what)) for net, what in _NEVER.items()]
_TABLE += [(ip_network(net), Verdict(Standing.INTERNAL, what)) for net, what in _INTERNAL.items()]
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def judge(address: IPv4Address | IPv6Address) -> Verdict:
    """What ``address`` is and who may call it; an IPv6 address is public only inside 2000::/3 (RFC 4291)."""
    for network, verdict in _TABLE:
        if address in network:
            return verdict
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return Verdict(Standing.NEVER, "outside the public IPv6 range")
    return Verdict(Standing.PUBLIC, "a public address")
