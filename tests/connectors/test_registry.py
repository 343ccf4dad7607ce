"""Every connector there is has a complete declaration."""

import pytest

from connectors.registry import CONNECTORS
from connectors.sdk.conformance import DeclarationConformance


@pytest.mark.parametrize("key", CONNECTORS)
class TestEveryConnector(DeclarationConformance):
    @pytest.fixture(autouse=True)
    def _choose(self, key: str) -> None:
        type(self).connector = CONNECTORS[key]


def test_connectors_are_found_by_their_own_key_and_can_what_they_have() -> None:
    assert {key: connector.key for key, connector in CONNECTORS.items()} == {"scim": "scim", "csv_file": "csv_file"}
    can = {key: sorted(connector.capabilities) for key, connector in CONNECTORS.items()}
    assert can == {
        "scim": ["accounts", "entitlements", "grants", "people", "sync", "test"],
        "csv_file": ["accounts", "apps", "entitlements", "grants", "import", "people"],
    }
