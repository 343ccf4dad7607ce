"""The deny table knows what the standard library's properties do not."""

from ipaddress import ip_address

import pytest

from app.core.outgoing.addresses import Standing, judge

NEVER = """
169.254.169.254 169.254.170.2 168.63.129.16 100.100.100.200 192.0.0.192 192.0.0.1 0.0.0.0 0.1.2.3 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255 192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 192.88.99.1
:: ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:a9fe:a9fe:: 2002:7f00:1::
2001::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 5f00::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 100::1 fd00:ec2::254
fd20:ce::254 fd00:42::42 4000::1 ::2
""".split()
INTERNAL = """
127.0.0.1 127.255.255.254 ::1 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 fc00::1 fd12::1
""".split()
PUBLIC = """
8.8.8.8 1.1.1.1 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 168.63.129.15 192.0.1.1 169.253.255.255 223.255.255.255
2606:4700:4700::1111 2a00:1450::1 2003::1
""".split()


@pytest.mark.parametrize("address", NEVER)
def test_nobody_may_call_an_address_that_is_metadata_multicast_reserved_or_hides_another(address: str) -> None:
    assert judge(ip_address(address)).standing is Standing.NEVER


@pytest.mark.parametrize("address", INTERNAL)
def test_an_internal_address_needs_the_operator(address: str) -> None:
    assert judge(ip_address(address)).standing is Standing.INTERNAL


@pytest.mark.parametrize("address", PUBLIC)
def test_the_neighbours_of_each_range_are_public(address: str) -> None:
    assert judge(ip_address(address)).standing is Standing.PUBLIC
