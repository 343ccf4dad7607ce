"""Who is calling, as far as proxies of ours say it."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from app.web.client_address import ClientAddress


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.1.1.1"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["9.9.9.9, 1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["9.9.9.9, 1.1.1.1, 10.0.0.2"], "1.1.1.1"),
        ("10.0.0.1", ["9.9.9.9", "1.1.1.1,10.0.0.2"], "1.1.1.1"),
        ("10.0.0.1", ["1.1.1.1:4711"], "1.1.1.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:1.1.1.1"], "1.1.1.1"),
        ("::ffff:10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["1.1.1.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, "], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, 010.0.0.2"], "10.0.0.1"),
        ("10.0.0.1", ["<script>"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1," + "10.0.0.2," * 5000 + "10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["1.1.1.1\xff"], "10.0.0.1"),
        (None, ["1.1.1.1"], ""),
        ("", ["1.1.1.1"], ""),
    ],
)
def test_the_callers_address_is_believed_from_trusted_proxies_only(
    peer: str | None, forwarded: list[str], expected: str
) -> None:
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["state"]["client_ip"])

    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    scope = {"type": "http", "client": (peer, 1) if peer is not None else None, "headers": headers}
    asyncio.run(ClientAddress(inner, [ip_network("10.0.0.0/24")])(scope, None, None))  # type: ignore[arg-type]
    assert seen == [expected]
