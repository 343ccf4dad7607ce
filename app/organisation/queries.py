"""Reading what the organisation has set."""

from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.core import clock
from app.core.database import Db
from app.organisation.models import Organisation


def get_organisation(db: Db) -> Organisation:
    """The one row; it exists from the first migration."""
    return db.session.execute(sa.select(Organisation)).scalar_one()


def today(db: Db) -> date:
    """The present day in the organisation's time zone."""
    return clock.now().astimezone(ZoneInfo(get_organisation(db).time_zone)).date()
