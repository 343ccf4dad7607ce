"""Who steals the disk, a dump, the write-ahead log or the logs finds no name, address, seed, key or token in them.

Everything is planted through the real routes of a running installation; then its data directory, a dump and its logs are
searched. A text that is stored in clear on purpose must be found in the same places, else the search would prove nothing.
"""

import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import psycopg
import pyotp
import pytest

from app.core.keys import load_key_file
from app.core.machine.embedded import Embedded
from app.core.machine.initdb import binaries
from app.core.settings import load
from tests.attacks.canaries import Canaries, found_in, spellings
from tests.attacks.visitor import Visitor, codes_in, key_in, link_in, seed_in
from tests.peers.raw_http import peer
from tests.supervisor.running import Installation, Running, until

IN_CLEAR = "anappsnamestandsinclear"
FORGED = "__Host-session"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="swca", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def canaries(home: Path, request: pytest.FixtureRequest) -> Canaries:
    """An installation through which everything went, stopped; ``home`` holds its data, its dump and its logs."""
    planted = Canaries()
    installation = Installation(home, request.config.getoption("--postgres"))
    (home / "tmp").mkdir()
    with peer(_directory(planted)) as directory:
        host = f"127.0.0.1:{directory.port}"
        with installation.run(ALLOWED_INTERNAL_HOSTS=host, LOG_LEVEL="debug") as running:
            _plant(planted, running, f"http://{host}/scim/v2")
            _dump(installation, home / "dump.sql")
        (home / "logs").mkdir()
        (home / "logs" / "out").write_text("\n".join(running.said))
        (home / "logs" / "err").write_text("\n".join(running.complained))
    return planted


def test_nothing_that_was_entered_is_found_anywhere(canaries: Canaries, home: Path) -> None:
    assert canaries.number >= 40
    hits = found_in([home / "data", home / "dump.sql", home / "tmp"], canaries.patterns(), since=canaries.since)
    assert hits == []


def test_nothing_that_was_entered_is_found_in_the_logs(canaries: Canaries, home: Path) -> None:
    patterns = canaries.patterns()
    for number in spellings(canaries.made["the set-up link"]):
        patterns.pop(number, None)  # it is printed for the one who starts the installation
    assert found_in([home / "logs"], patterns) == []
    assert "request" in (home / "logs" / "err").read_text()


def test_what_stands_in_clear_on_purpose_is_found_by_the_same_search(canaries: Canaries, home: Path) -> None:
    hits = found_in([home / "data", home / "dump.sql"], dict.fromkeys(spellings(IN_CLEAR), "an app's name"))
    assert any("/pg_wal/" in hit for hit in hits)
    assert any("/base/" in hit for hit in hits)
    assert any("dump.sql" in hit for hit in hits)


@pytest.mark.parametrize("text", ["Anna Müller", "anna@corp.example", "JBSWY3DPEHPK3PXP"])
def test_the_search_knows_every_spelling(text: str, tmp_path: Path) -> None:

    raw = text.encode()
    for number, hidden in enumerate(
        (
            raw,
            b64encode(raw + b"x"),
            b64encode(b"1" + raw),
            b64encode(b"12" + raw + b"34"),
            text.encode("utf-16"),
            raw.hex().encode(),
        )
    ):
        (tmp_path / f"{number}").write_bytes(b"\xff" * 5000 + hidden + b"\xff" * 5000)
    hits = found_in([tmp_path], dict.fromkeys(spellings(text), "it"))
    assert {Path(hit.partition(":")[0]).name for hit in hits} == {str(number) for number in range(6)}


def _plant(canaries: Canaries, running: Running, scim: str) -> None:
    owner = Visitor(running.installation.port, agent=canaries.plant("a browser's name"))
    _plant_sign_in(canaries, running, owner)
    _plant_users(canaries, owner)
    _plant_people(canaries, owner)
    _plant_connection(canaries, owner, scim)
    _plant_file(canaries, owner)
    _plant_questions(canaries, owner)
    for number, value in enumerate(owner.given):
        if len(value) >= 40 and not value.startswith('"'):
            canaries.note(f"cookie {number}", value)


def _plant_sign_in(canaries: Canaries, running: Running, owner: Visitor) -> None:
    link = running.wait_for_line("Set up: ").partition(str(owner.port))[2]
    canaries.note("the set-up link", link.partition("token=")[2])
    email = f"{canaries.plant('the owner')}@{canaries.plant('a domain')}.example"
    password = f"{canaries.plant('a password')} seven green kettles"
    codes = owner.set_up(link, email, canaries.plant("the owner's name"), password=password)
    canaries.note("TOTP seed of the owner", owner.seed)
    canaries.note("a recovery code", codes[0])
    canaries.note("a recovery code, as it is typed", codes[1].replace("-", ""))
    stranger = Visitor(owner.port, agent=canaries.plant("a stranger's browser"))
    for name in (email, canaries.plant("a user name that nobody has"), f"{canaries.plant('another')}@x.example"):
        stranger.submit("/sign-in", {"email": name, "password": canaries.plant(f"a wrong password {name[-3:]}")})
    stranger.submit("/sign-in", {"email": canaries.plant("a password in the wrong field"), "password": "x"})
    assert stranger.submit("/sign-in", {"email": email, "password": password}).status == 303
    stranger.submit("/sign-in/code", {"code": "000000"})
    stranger.submit("/sign-in/recovery-code", {"code": codes[2]})
    stranger.cookies[FORGED] = canaries.plant("a forged session")
    stranger.get("/apps")
    for value in stranger.given:
        if len(value) >= 40:
            canaries.note(f"a stranger's cookie {len(canaries.made)}", value)


def _plant_users(canaries: Canaries, owner: Visitor) -> None:
    form = {
        "name": canaries.plant("a user"),
        "email": f"{canaries.plant('their address')}@corp.example",
        "roles": ["it"],
    }
    invitation = link_in(owner.submit("/settings/users", form).text)
    canaries.note("an invitation", invitation.partition("token=")[2])
    invited = Visitor(owner.port)
    assert invited.get(invitation).status == 303
    password = f"{canaries.plant('their password')} walks along the river"
    assert invited.submit("/invitation", {"password": password}).status == 303
    seed = canaries.note("TOTP seed of the invited", seed_in(invited.get("/sign-in/authenticator").text))
    done = invited.submit("/sign-in/authenticator", {"code": pyotp.TOTP(seed).now()})
    canaries.note("their recovery code", codes_in(done.text)[0])
    canaries.note("their session", invited.cookies["__Host-session"])
    canaries.note("TOTP seed that was only shown", seed_in(owner.get("/settings/security/authenticator").text))
    minted = owner.submit(
        "/settings/api-keys", {"name": canaries.plant("a key's name"), "scopes": SCOPES, "days": "30"}
    )
    key = canaries.note("an API key", key_in(minted.text))
    canaries.note("the secret of an API key", key.split("_")[2])
    bearer = {"authorization": f"Bearer {key}", "idempotency-key": canaries.plant("an idempotency key")}
    body = {
        "name": IN_CLEAR,
        "notes": canaries.plant("notes of an app"),
        "owner_email": f"{canaries.plant('its owner')}@x.example",
    }
    assert owner.send("POST", "/api/v1/apps", json=body, headers=bearer).status == 201
    owner.get(f"/api/v1/apps?key={key}", headers=bearer)


SCOPES = ["apps:read", "apps:write", "people:read", "people:write"]


def _plant_people(canaries: Canaries, owner: Visitor) -> None:
    fields = (
        "display_name", "given_name", "family_name", "employee_id", "phone", "team", "location", "cost_centre", "job_title"
    )  # fmt: skip
    form = {name: canaries.plant(f"a person's {name}") for name in fields}
    form |= {"email": f"{canaries.plant('an address')}@corp.example", "type": "employee"}
    form["aliases"] = f"{canaries.plant('an alias')}@corp.example"
    made = owner.submit("/people/new", form)
    assert made.status == 303, made.text
    person = made.header("location")
    form |= {"display_name": canaries.plant("a new name"), "phone": canaries.plant("a new number")}
    assert owner.submit(f"{person}/edit", form).status == 303
    wrong = {**form, "display_name": canaries.plant("a name in a form that is wrong"), "start_date": "never"}
    assert owner.submit("/people/new", wrong).status == 422


def _plant_connection(canaries: Canaries, owner: Visitor, scim: str) -> None:
    made = owner.submit(
        "/integrations/new/scim",
        {
            "name": "Directory", "every_minutes": "0", "removal_percent": "5", "removal_count": "5", "app_id": "",
            "settings.base_url": scim, "settings.token": canaries.plant("a connection's token"),
            "settings.is_directory": "on", "settings.has_groups": "on", "settings.page_size": "100",
        },
    )  # fmt: skip
    assert made.status == 303, made.text
    connection = made.header("location")
    assert owner.submit(f"{connection}/syncs").status == 303
    question = "/access/accounts?q=" + quote(canaries.planted["a user name in the directory"])
    until(lambda: "/access/accounts/0" in owner.get(question).text, lambda: owner.get(connection).text)


def _plant_file(canaries: Canaries, owner: Visitor) -> None:
    good = (
        f"{canaries.plant('an address in a file')}@corp.example",
        canaries.plant("a name in a file"),
        canaries.plant("a phone"),
    )
    bad = (canaries.plant("a row that fails"), canaries.plant("a name in a row that fails"), "1")
    rows = ["Email,Name,Phone,Start Date", ",".join((*good, "2024-01-01")), ",".join((*bad, "never"))]
    file = (f"{canaries.plant('the name of a file')}.csv", "\r\n".join(rows).encode())
    sent = owner.send("POST", "/integrations/import", multipart={"target": "people", "file": file})
    assert sent.status == 303, sent.text
    path = sent.header("location")
    columns = {
        "column.email": "Email",
        "column.display_name": "Name",
        "column.phone": "Phone",
        "column.start_date": "Start Date",
    }
    assert owner.submit(f"{path}/mapping", columns).status == 303
    assert owner.submit(f"{path}/application", {"accept_removals": "true"}).status == 303
    assert canaries.planted["a row that fails"] in owner.get(f"{path}/failed-rows.csv").text
    waiting = ("waiting.csv", f"Email,Name\r\n{canaries.plant('a file that waits')}@corp.example,x\r\n".encode())
    assert owner.send("POST", "/integrations/import", multipart={"target": "people", "file": waiting}).status == 303


def _plant_questions(canaries: Canaries, owner: Visitor) -> None:
    name = canaries.planted["a new name"]
    assert name in owner.get(f"/people?q={canaries.mark}").text
    assert name in owner.get(f"/people.csv?q={canaries.mark}").text
    for page in ("/people", "/apps", "/access/accounts", "/palette", "/people.csv", "/no/such/page"):
        owner.get(f"{page}?q={canaries.plant(f'a question to {page}')}&token={canaries.plant(f'a token for {page}')}")
    owner.get(f"/access-log?who={canaries.plant('a name that is looked for')}")
    owner.get(f"/{canaries.plant('a path')}{'x' * 30}")
    page = owner.get(
        "/api/v1/people?limit=1&sort=name", headers={"referer": f"http://127.0.0.1/{canaries.plant('a referer')}"}
    )
    owner.get(page.json()["next"].partition(str(owner.port))[2])
    for body in ({"display_name": [canaries.plant("a value of the wrong kind")]}, {canaries.plant("a field"): 1}):
        owner.send("POST", "/api/v1/people", json=body)


def _directory(canaries: Canaries) -> Any:
    """A SCIM service with one user and one group, both marked."""
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": canaries.plant("an id in the directory"),
        "userName": canaries.plant("a user name in the directory"), "displayName": canaries.plant("a name in the directory"),
        "name": {"givenName": canaries.plant("a given name"), "familyName": canaries.plant("a family name")},
        "emails": [{"value": f"{canaries.plant('an address in the directory')}@corp.example", "primary": True}],
        "phoneNumbers": [{"value": canaries.plant("a phone in the directory")}], "active": True,
        "title": canaries.plant("a title in the directory"),
    }  # fmt: skip
    group = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": canaries.plant("the id of a group"),
        "displayName": canaries.plant("a group"), "members": [{"value": user["id"]}],
    }  # fmt: skip

    def answering(stream: Any, request: bytes) -> bool:
        path = request.split(b" ", 2)[1]
        found = [user] if b"/Users" in path else [group] if b"/Groups" in path else []
        listed = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": len(found),
            "startIndex": 1, "itemsPerPage": len(found), "Resources": found,
        }  # fmt: skip
        body = orjson.dumps(listed)
        status = b"200 OK" if found else b"404 Not Found"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        stream.sendall(head + body)
        return True

    return answering


def _dump(installation: Installation, file: Path) -> None:
    """Everything to the disk, then a dump of it, as the owner of the machine makes them."""
    settings = load(installation.environment())
    url = Embedded(settings, load_key_file(settings.key_file)).url("postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    program = binaries(settings.postgres_version) / "pg_dump"
    subprocess.run([program, "--inserts", f"--dbname={url}", f"--file={file}"], check=True)
