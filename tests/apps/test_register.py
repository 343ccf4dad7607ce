"""A register of apps and a hand at once: neither undoes what the other wrote."""

from threading import Thread
from uuid import UUID

import sqlalchemy as sa

from app.apps.models import App
from app.apps.register import Entry, apply_entries
from app.core import clock
from app.core.database import Database
from tests.builders import make_app


def test_what_is_typed_while_a_register_is_merged_stays(database: Database) -> None:
    with database.transaction() as db:
        app_id: UUID = make_app(db, "Zoom")

    def merge() -> None:
        with database.transaction() as db:
            apply_entries(db, [Entry(name="ZOOM", category="Video")], clock.now())

    with database.transaction() as db:
        db.run(sa.update(App).where(App.id == app_id).values(vendor="Typed meanwhile", status="managed"))
        merging = Thread(target=merge)
        merging.start()
        merging.join(0.5)
    merging.join(30)
    with database.transaction() as db:
        app = db.find(App, app_id)
        assert app is not None
        assert (app.vendor, app.status, app.category) == ("Typed meanwhile", "managed", "Video")
