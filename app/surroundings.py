"""What every page says of the installation: the organisation's name and time zone, and a banner where rules are relaxed.

Read from the database every few seconds and kept, because pages must be drawn when the database is down too.
"""

from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Request

from app.core import clock
from app.core.database import Database
from app.core.settings import Settings
from app.core.version import VERSION
from app.organisation.queries import get_organisation
from app.web import shell

_KEPT_SECONDS: Final = 3.0
_ANEW: Final = ("/settings/organisation", "/set-up")  # where it is changed, it is seen to have changed
DEMO: Final = "Demonstration: every person and figure here is invented. Do not enter real data."
LOCAL: Final = "Only this machine can reach this installation; without TLS, it is for trying out."


class Surroundings:
    """Answers ``app.state.shell``; shared by the threads of a process, a stale answer harms nobody."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._banner = DEMO if settings.demo else LOCAL if settings.public_url is None else ""
        self._kept = shell.Surroundings(VERSION, banner=self._banner)
        self._until = 0.0

    def __call__(self, request: Request) -> shell.Surroundings:
        """What is known now; never fails."""
        if clock.monotonic() >= self._until or request.url.path.startswith(_ANEW):
            self._until = clock.monotonic() + _KEPT_SECONDS
            try:
                self._kept = self._read()
            except sa.exc.SQLAlchemyError:
                return self._kept
        return self._kept

    def _read(self) -> shell.Surroundings:
        with self._database.transaction() as db:
            organisation = get_organisation(db)
            name, zone = organisation.name or "Stackwarden", ZoneInfo(organisation.time_zone)
        return shell.Surroundings(VERSION, name, zone, self._banner)
