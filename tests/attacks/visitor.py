"""A browser of a running installation, without a screen: cookies, forms, what a real one says of where it comes from."""

import json
import re
from collections.abc import Mapping
from html import unescape
from http.client import HTTPConnection
from typing import Any

import pyotp

from tests.attacks.wire import FORM, JSON, MULTIPART, Answer, as_form, as_json, as_multipart

PASSWORD = "seven green kettles whistle"


class Visitor:
    """One browser at ``http://127.0.0.1:<port>``."""

    def __init__(self, port: int, agent: str = "tests") -> None:
        self.port = port
        self.agent = agent
        self.cookies: dict[str, str] = {}
        self.given: list[str] = []  # every value of a cookie that it was given
        self.seed = ""

    def send(self, method: str, target: str, **sent: Any) -> Answer:
        """One request; ``form``, ``json`` or ``multipart`` is its body, ``headers`` are more headers."""
        headers = {
            "accept": "text/html", "user-agent": self.agent, "sec-fetch-site": "same-origin",
            "origin": f"http://127.0.0.1:{self.port}",
        }  # fmt: skip
        body = b""
        for kind, name, write in (
            (FORM, "form", as_form),
            (JSON, "json", as_json),
            (MULTIPART, "multipart", as_multipart),
        ):
            if name in sent:
                headers["content-type"], body = kind, write(sent[name])
        if target.startswith("/api/"):
            headers["accept"] = JSON
        headers |= sent.get("headers", {})
        if self.cookies and "authorization" not in headers:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.getheaders()]
            got = Answer(answer.status, pairs, answer.read())
        finally:
            connection.close()
        self._keep(got)
        return got

    def get(self, target: str, **sent: Any) -> Answer:
        return self.send("GET", target, **sent)

    def submit(self, target: str, form: Mapping[str, Any] | None = None) -> Answer:
        return self.send("POST", target, form=form or {})

    def set_up(self, link: str, email: str, name: str, *, password: str = PASSWORD) -> list[str]:
        """Go through the wizard behind the set-up link; the recovery codes. It ends signed in as the owner."""
        assert self.get(link).status == 303
        organisation = {"name": "Corp", "time_zone": "UTC", "currency": "EUR", "fiscal_year_start": "1"}
        assert self.submit("/set-up/organisation", organisation).status == 303
        owner = {"name": name, "email": email, "password": password}
        assert self.submit("/set-up/owner", owner).status == 303
        self.seed = seed_in(self.get("/set-up/authenticator").text)
        done = self.submit("/set-up/authenticator", {"code": pyotp.TOTP(self.seed).now()})
        assert done.status == 200, done.text
        return codes_in(done.text)

    def _keep(self, got: Answer) -> None:
        for cookie in got.every("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value.strip('"'):
                self.cookies[name] = value
                self.given.append(value)


def seed_in(page: str) -> str:
    """The TOTP seed that a page shows, in base32."""
    found = re.search(r"\b((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})\b", page)
    assert found, page
    return found[1].replace(" ", "")


def codes_in(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    return re.findall(r"\b(?:[0-9a-z]{4}-){5}[0-9a-z]{4}\b", page)


def key_in(page: str) -> str:
    """The API key that a page shows."""
    found = re.search(r"swk_[0-9a-f]{32}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", page)
    assert found, page
    return found[0]


def link_in(page: str) -> str:
    """The invitation that a page shows, as path and query."""
    found = re.search(r"/invitation\?token=[\w-]+", unescape(page))
    assert found, page
    return found[0]


def problem(answer: Answer) -> Any:
    return json.loads(answer.body)
