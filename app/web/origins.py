"""Which spellings of our own address a request may carry: the one people use, and on loopback its other names."""

from urllib.parse import urlsplit

from app.core.settings import is_loopback

_DEFAULT_PORT = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def hosts_of(origin: str) -> frozenset[str]:
    """The values of a Host header that mean ``origin`` (scheme, host, port)."""
    parts = urlsplit(origin)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    names = {shown, *_LOOPBACK} if is_loopback(host) else {shown}
    port = parts.port or _DEFAULT_PORT[parts.scheme]
    is_default = port == _DEFAULT_PORT[parts.scheme]
    return frozenset({f"{name}:{port}" for name in names} | (names if is_default else set()))


def origins_of(origin: str) -> frozenset[str]:
    """The values of an Origin header (RFC 6454) that mean ``origin``."""
    scheme = urlsplit(origin).scheme
    suffix = f":{_DEFAULT_PORT[scheme]}"
    return frozenset(f"{scheme}://{host.removesuffix(suffix)}" for host in hosts_of(origin))
