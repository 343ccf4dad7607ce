"""The access log is complete: mixed sign-ins side by side, and as many events as tries, each equal to the client's own note.

``prepare`` makes the users, ``run`` sends the tries over HTTP and notes what it sent and was answered, ``differences``
holds the notes against the trail. The server must believe X-Forwarded-For from this machine (``trusted_proxies``).
"""

import http.client
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import clock
from app.core.actor import Actor
from app.core.audit import EventFacts, EventRow
from app.core.database import Db
from app.login import actions, passwords, recovery_codes, totp
from app.login.models import Totp, User

PASSWORD = "nine silver teapots sing"
_PER_USER = 8
_SLACK = timedelta(milliseconds=1)
_SETUP = Actor("setup", "drill")


@dataclass(frozen=True)
class Member:
    """A user of the drill. Each recovery code signs them in once."""

    email: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """One try as the client knows it. ``agent`` is its own, so that its event can be found."""

    agent: str
    username: str
    action: str
    method: str
    outcome: str
    ip: str
    sent: datetime
    answered: datetime


def prepare(db: Db, tries: int) -> list[Member]:
    """Users enough for so many tries; the last one is deactivated."""
    hashed = passwords.hash_of(PASSWORD)
    members = []
    for number in range(tries // _PER_USER + 2):
        email = f"drill{number}@example.com"
        user_id = actions.create(db, _SETUP, email=email, name="Drill", roles=["employee"])
        passwords.store(db, user_id, hashed, changed_at=clock.now())
        totp.offered_seed(db, user_id)
        sealed = db.seal(Totp, user_id, totp.SeedFacts(seed="A" * 32))
        db.run(sa.insert(Totp).values(user_id=user_id, credential=sealed, confirmed_at=clock.now()))
        members.append(Member(email, recovery_codes.renew(db, user_id)))
    last: User = db.session.execute(sa.select(User).where(User.id == user_id)).scalar_one()
    actions.deactivate(db, Actor("user", "drill", roles=("owner",)), last)
    return members


def run(port: int, host: str, members: Sequence[Member], *, tries: int, parallel: int) -> list[Tried]:
    """Send at least ``tries`` tries to ``host`` at ``port`` on this machine, ``parallel`` at once."""
    done: list[Tried] = []
    jobs = _jobs(members)
    with ThreadPoolExecutor(parallel) as pool:
        while len(done) < tries:
            batch = islice(jobs, max(1, (tries - len(done)) * 7 // 10))
            for tried in pool.map(lambda job: list(_sign_in((port, host), *job)), batch):
                done += tried
    return done


def differences(db: Db, tried: Sequence[Tried]) -> list[str]:
    """Where trail and notes disagree; nothing when the log is complete."""
    rows = db.rows(
        sa.select(*EventRow.__table__.columns).where(EventRow.action.in_(("login.attempt", "login.second_factor")))
    )
    noted = {(each.agent, each.action): each for each in tried}
    if len(rows) != len(tried) or len(noted) != len(tried):
        return [f"{len(tried)} tries, {len(rows)} events"]
    found = []
    for row in rows:
        facts = db.open(EventFacts, EventRow, row.id, row.sealed)
        each = noted.pop((facts.user_agent, row.action), None)
        if each is None:
            found.append(f"{facts.user_agent}: an event without a try")
            continue
        wanted = (each.username, each.method, each.outcome, each.ip)
        written = (facts.username, row.method, row.outcome, facts.ip)
        if wanted != written or not each.sent - _SLACK <= row.at <= each.answered:
            found.append(f"{each.agent}: tried {wanted} at {each.sent}, written {written} at {row.at}")
    return found


def _jobs(members: Sequence[Member]) -> Iterator[tuple[int, str, str, str]]:
    """Endlessly: a number, what is typed as name and password, and the recovery code that follows, or "".

    Of seven sign-ins three are right at first and go on to a code: ten tries.
    """
    *active, gone = members
    spare = ((member.email, code) for member in active for code in member.codes)
    for number in count():
        email, code = next(spare, (active[0].email, "used up"))
        yield (
            (number, email, PASSWORD, code),
            (number, email.upper(), PASSWORD, code),
            (number, f" {email}", PASSWORD, "0000-wrong"),
            (number, active[number % len(active)].email, "wrong password here", ""),
            (number, f"nobody{number}@example.com", PASSWORD, ""),
            (number, gone.email, PASSWORD, ""),
            (number, f"naïve-ünïcode-{number}", PASSWORD, ""),
        )[number % 7]


def _sign_in(where: tuple[int, str], number: int, email: str, password: str, code: str) -> Iterator[Tried]:
    agent, ip = f"drill {number}", f"198.18.{number // 250}.{number % 250 + 1}"
    first, cookie = _post(where, agent, ip, "/sign-in", {"email": email, "password": password}, "")
    username = "(masked: " + f"{len(email)} characters that look like a password)" if "@" not in email else email
    yield Tried(agent, username, "login.attempt", "password", first[0], ip, *first[1:])
    if first[0] == "success":
        second, _ = _post(where, agent, ip, "/sign-in/recovery-code", {"code": code}, cookie)
        yield Tried(agent, username, "login.second_factor", "recovery_code", second[0], ip, *second[1:])


def _post(
    where: tuple[int, str], agent: str, ip: str, path: str, fields: dict[str, str], cookie: str
) -> tuple[tuple[str, datetime, datetime], str]:
    connection = http.client.HTTPConnection("127.0.0.1", where[0], timeout=60)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Sec-Fetch-Site": "same-origin",
        "Host": where[1], "User-Agent": agent, "X-Forwarded-For": ip, "Cookie": cookie,
    }  # fmt: skip
    sent = clock.now()
    connection.request("POST", path, urlencode(fields), headers)
    answer = connection.getresponse()
    answer.read()
    answered = clock.now()
    connection.close()
    outcome = {303: "success", 422: "failure", 429: "refused"}[answer.status]
    held = answer.getheader("Set-Cookie", "").partition(";")[0]
    return (outcome, sent, answered), held
