"""A real SCIM 2.0 server (scim2-server), filled with a synthetic organisation before it begins to answer.

``with start(users=10_000, groups=50) as peer`` gives ``peer.url`` and ``peer.token``; it ends with the block, and also
when the process that started it dies. By itself: ``python tests/peers/scim.py --users 100 --port 8080 --token secret``.

User ``i`` has the id ``user-00000i``. What is there can be changed over SCIM itself, with the same token.
"""

import argparse
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
GIVEN = ("Ada", "Bram", "Chiara", "Dewi", "Emre", "Fenna", "Goran", "Hana", "Imke", "Joost", "Kaito", "Lotte", "Zoë")
FAMILY = ("Achterberg", "Bos", "Çelik", "Dekker", "Ek", "Fujita", "Graaf", "Haddad", "Ivanov", "de Jong", "O'Neill")
TEAMS = ("Sales", "Engineering", "Finance", "People", "Operations")
TITLES = ("Account manager", "Engineer", "Controller", "Recruiter", "Planner", "Team lead")
PLACES = (("Amsterdam", "NL"), ("Gent", "BE"), ("Köln", "DE"))
TYPES = ("Employee",) * 8 + ("Contractor", "External")


@dataclass(frozen=True)
class Peer:
    """A running server: the address of its SCIM service, and the token it wants."""

    url: str
    token: str = field(repr=False)


@contextmanager
def start(*, users: int = 20, groups: int = 3) -> Iterator[Peer]:
    """A server with ``users`` users, every tenth inactive, and ``groups`` groups, the second within the first."""
    token = secrets.token_urlsafe(24)
    command = [sys.executable, __file__, f"--users={users}", f"--groups={groups}", f"--token={token}", "--until-eof"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError("The SCIM server did not start")
            yield Peer(url, token)
        finally:
            process.terminate()


def user(number: int) -> dict[str, Any]:
    """User ``number`` as SCIM writes it; user 0 is everybody's manager."""
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // 3 % len(FAMILY)]
    name = f"person{number}@corp.local"
    locality, country = PLACES[number % len(PLACES)]
    enterprise: dict[str, Any] = {
        "employeeNumber": f"{10_000 + number}",
        "department": TEAMS[number % len(TEAMS)],
        "costCenter": f"CC{number % 7}",
    }
    if number:
        enterprise["manager"] = {"value": user_id(0)}
    return {
        "schemas": [USER, ENTERPRISE],
        "id": user_id(number),
        "userName": name,
        "name": {"givenName": given, "familyName": family},
        "displayName": f"{given} {family}",
        "title": TITLES[number % len(TITLES)],
        "userType": TYPES[number % len(TYPES)],
        "active": number % 10 != 9,
        "emails": [{"value": name, "type": "work", "primary": True}],
        "phoneNumbers": [{"value": f"+31 20 555 {number:05d}", "type": "work"}],
        "addresses": [{"locality": locality, "country": country, "type": "work"}],
        ENTERPRISE: enterprise,
        "meta": {"resourceType": "User", "created": "2024-05-01T09:00:00Z", "version": 'W/"1"'},
    }


def group(number: int, *, users: int, groups: int) -> dict[str, Any]:
    """Group ``number`` of ``groups``, with every user whose number falls to it; the first also holds the second."""
    members = [{"value": user_id(i), "type": "User"} for i in range(number, users, groups)]
    if number == 0 and groups > 1:
        members.append({"value": group_id(1), "type": "Group"})
    return {
        "schemas": [GROUP],
        "id": group_id(number),
        "displayName": f"Group {number}",
        "members": members,
        "meta": {"resourceType": "Group", "created": "2024-05-01T09:00:00Z", "version": 'W/"1"'},
    }


def user_id(number: int) -> str:
    return f"user-{number:06d}"


def group_id(number: int) -> str:
    return f"group-{number:06d}"


def application(users: int, groups: int, token: str) -> Any:
    """The ASGI application, filled and behind its token (the service description is open: RFC 7643 §5)."""
    from scim2_models import ScimProvider, UnauthorizedException
    from scim2_server.applications.asgi import ASGIApplication
    from scim2_server.memory import AsyncInMemoryStorage, InMemoryStorage
    from scim2_server.requests import ScimRequest
    from scim2_server.service import ScimService
    from scim2_server.utils import (
        load_default_resource_types,
        load_default_schemas,
        load_default_service_provider_config,
    )

    class BehindToken(ASGIApplication):
        def check_auth(self, request: ScimRequest) -> None:
            scheme, _, given = (request.header("Authorization") or "").partition(" ")
            if scheme.lower() != "bearer" or not secrets.compare_digest(given.encode(), token.encode()):
                raise UnauthorizedException

    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=load_default_service_provider_config(),
    )
    service = ScimService(provider, secret=secrets.token_urlsafe(32))
    people, crowds = (service.get_model(service.get_resource_type(name)) for name in ("User", "Group"))
    storage = InMemoryStorage()
    storage.resources = [
        *(people.model_validate(user(number)) for number in range(users)),
        *(crowds.model_validate(group(number, users=users, groups=groups)) for number in range(groups)),
    ]
    return BehindToken(AsyncInMemoryStorage(storage), provider, service)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until stopped; the address is the first line on standard output."""
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--groups", type=int, default=3)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", required=True)
    parser.add_argument("--until-eof", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    app = application(options.users, options.groups, options.token)
    if options.until_eof:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}/v2\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
