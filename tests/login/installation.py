"""An installation as its users meet it: our routes behind the product's middlewares, on a real database; browsers to use it.

A browser keeps its cookies and says what a real one says of where a request comes from. The clock can be moved.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import pyotp
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.core import clock
from app.core.actor import Actor, anonymous
from app.core.audit import EventFacts, EventRow
from app.core.database import Database, Db
from app.core.identifiers import new_id
from app.core.permissions import Permission
from app.core.settings import Settings
from app.login import actions, api, pages, passwords, sessions, totp
from app.login.identify import identify
from app.web import problems
from app.web.guards import requires
from app.web.shell import Surroundings
from app.web.stack import middleware

ORIGIN = "https://stackwarden.example.com"
PASSWORD = "seven green kettles whistle"
ROOT = Actor("setup", "tests")
PERSON = new_id()


def make_app(database: Database, *, trusted: Sequence[str] = (), origin: str = ORIGIN) -> FastAPI:
    """The routes of this room, and one more that asks for a permission."""
    settings = Settings(
        data_dir="/nowhere/data", key_file="/nowhere/key", public_url=origin, trusted_proxies=tuple(trusted)
    )
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, middleware=middleware(settings))
    app.state.settings = settings
    app.state.database = database
    app.state.identify = identify
    app.state.person_of = lambda db, address: PERSON if address.startswith("person") else None
    app.state.shell = lambda request: Surroundings("test", "Marlow", UTC)
    app.include_router(pages.router)
    app.include_router(api.router)
    problems.install(app)

    @app.get("/")
    def home(actor: Annotated[Actor, requires(Permission.SELF)]) -> dict[str, str]:
        return {"who": actor.label}

    @app.get("/api/v1/apps")
    def apps(actor: Annotated[Actor, requires(Permission.APPS_READ)]) -> dict[str, str]:
        return {"who": actor.label}

    return app


class Browser(TestClient):
    """A browser. ``seed`` is what the authenticator of whoever uses it holds."""

    def __init__(self, app: FastAPI, *, ip: str = "192.0.2.1") -> None:
        headers = {
            "accept": "text/html", "origin": ORIGIN, "sec-fetch-site": "same-origin",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        }  # fmt: skip
        super().__init__(
            app, base_url=ORIGIN, headers=headers, follow_redirects=False, client=(ip, 40000),
            raise_server_exceptions=True,
        )  # fmt: skip

    def have(self, name: str, value: str) -> None:
        """Hold a cookie as if this site had set it."""
        self.cookies.delete(name) if name in self.cookies else None
        self.cookies.set(name, value, domain="stackwarden.example.com", path="/")

    def submit(self, path: str, **fields: Any) -> Any:
        """Send a form."""
        return self.post(path, data=fields, headers={"content-type": "application/x-www-form-urlencoded"})

    def give_password(self, email: str, password: str = PASSWORD, **more: str) -> Any:
        """The first step."""
        return self.submit("/sign-in", email=email, password=password, **more)

    def sign_in(self, user: "Known") -> "Browser":
        """Both steps, which succeed."""
        assert self.give_password(user.email).headers["location"] == "/sign-in/code"
        assert self.submit("/sign-in/code", code=user.code()).status_code == 303
        assert self.get("/").status_code == 200
        return self


@dataclass
class Known:
    """A user with an authenticator, as a test knows them."""

    id: UUID
    email: str
    seed: str

    def code(self, *, step: int = 0) -> str:
        """The code of the present step, or of one that many steps away."""
        return pyotp.TOTP(self.seed).generate_otp(totp.present_step() + step)


def make_user(
    db: Db,
    email: str = "ada@example.com",
    *roles: str,
    password: str | None = PASSWORD,
    enrolled: bool = True,
    name: str = "Ada Byron",
) -> Known:
    """A user as if they had come by an invitation long ago."""
    user_id = actions.create(db, ROOT, email=email, name=name, roles=roles or ("owner",))
    if password is not None:
        passwords.store(db, user_id, hashed(password), changed_at=clock.now())
    known = Known(user_id, email, "")
    if enrolled:
        known.seed = totp.offered_seed(db, user_id)
        assert totp.confirm(db, user_id, user_id, known.code())
        unspent = db.seal(totp.Totp, user_id, totp.SeedFacts(seed=known.seed))
        db.run(sa.update(totp.Totp).where(totp.Totp.user_id == user_id).values(credential=unspent))
    return known


@cache
def hashed(password: str) -> str:
    """The Argon2id hash of a password, made once for all tests."""
    return passwords.hash_of(password)


def start_session(db: Db, user: Known, *, ip: str = "192.0.2.1") -> str:
    """A session without the steps: the cookie's value."""
    return sessions.start(db, anonymous(ip=ip, user_agent="tests"), user.id)


def with_session(app: FastAPI, secret: str, **more: Any) -> Browser:
    """A browser that has this session."""
    browser = Browser(app, **more)
    browser.have(sessions.COOKIE, secret)
    return browser


def seed_on(page: str) -> str:
    """The seed that an enrolment page shows for typing by hand."""
    return page.split("data-copied>", 2)[1].partition("<")[0].replace(" ", "")


@contextmanager
def later(**by: float) -> Iterator[None]:
    """The time that much later."""
    clock.shift(timedelta(**by))
    try:
        yield
    finally:
        clock.shift(timedelta())


def events(database: Database, *actions_: str) -> list[tuple[Any, EventFacts]]:
    """The events of these kinds, oldest first, opened."""
    with database.transaction() as db:
        rows = db.rows(
            sa.select(*EventRow.__table__.columns)
            .where(EventRow.action.in_(actions_))
            .order_by(EventRow.at, EventRow.id)
        )
        return [(row, db.open(EventFacts, EventRow, row.id, row.sealed)) for row in rows]
