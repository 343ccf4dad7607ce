"""An ordinary REST API needs a connector of less than 150 lines, and it conforms."""

import inspect
from collections.abc import Iterator

import pytest

from connectors.sdk.client import Client
from connectors.sdk.conformance import Connection, StreamConformance
from connectors.sdk.redaction import Secret
from tests.connectors.plain_http import PlainHttp
from tests.connectors.sdk import small_connector
from tests.peers.broken_scim import Answer, Asked, answer, serving

MEMBERS = [{"id": i, "mail": f"person{i}@corp.local", "is_admin": i % 3 == 0} for i in range(5)]


def members(asked: Asked) -> Answer:
    if asked.authorization != "Bearer the-right-token":
        return answer({"message": f"{asked.authorization} is not known"}, 401)
    start, limit = int(asked.query.get("start", "0")), int(asked.query["limit"])
    page: dict[str, object] = {"members": MEMBERS[start : start + limit], "count": len(MEMBERS)}
    if start + limit < len(MEMBERS):
        page["next"] = f"/api/members?limit={limit}&start={start + limit}"
    return answer(page)


class TestSmallConnector(StreamConformance):
    connector = small_connector.CONNECTOR

    @pytest.fixture(autouse=True)
    def _connect(self) -> Iterator[None]:
        self.http = PlainHttp()
        with serving(members) as peer:
            self.url = peer.url.replace("/scim/v2", "/api")
            yield
        self.http.close()

    def connection(self) -> Connection:
        values = {"base_url": self.url}
        return Connection(
            client=Client(self.http),
            config=self.connector.config(values, {"token": Secret("the-right-token")}),
            secret="the-right-token",
            wrong_config=self.connector.config(values, {"token": Secret("some-other-token")}),
            wrong_secret="some-other-token",
        )

    def test_it_is_small(self) -> None:
        assert len(inspect.getsource(small_connector).splitlines()) < 150
