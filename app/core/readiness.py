"""Whether this process can serve: the database answers, is at our migration, and the key file opens its data keys.

Trouble with the vault alone is "degraded": pages and sign-in work, syncs wait. Health checks come from strangers, so they
are looked at one at a time, over the pool, and a good answer is good for a second. A look that takes longer than a few
seconds (a server that is stopped does not refuse) is answered for: not ready, while it goes on.
"""

from concurrent.futures import Future
from threading import Lock, Thread
from typing import Final, Literal

import sqlalchemy as sa

from app.core import clock, data_keys, logs, vault
from app.core.database import Database
from app.core.errors import StartRefused
from app.core.keys import load_key_file
from app.core.settings import Settings

State = Literal["ok", "degraded", "unavailable"]
_GOOD_FOR: Final = 1.0
PATIENCE: Final = 3.0
_REVISION: Final = sa.text("SELECT version_num FROM alembic_version")
_log = logs.get(__name__)


class Readiness:
    """Call it for the present state; the reason of trouble is in the log and nowhere else. ``revision`` is our migration."""

    def __init__(self, settings: Settings, database: Database, revision: str) -> None:
        self._settings = settings
        self._database = database
        self._revision = revision
        self._lock = Lock()
        self._looking: Future[State] | None = None
        self._began = 0.0
        self._good_until = 0.0

    def __call__(self) -> State:
        """Look, unless somebody just has or is about to."""
        with self._lock:
            if self._looking is None or (self._looking.done() and clock.monotonic() >= self._good_until):
                self._looking, self._began = Future(), clock.monotonic()
                Thread(target=self._look, args=(self._looking,), daemon=True, name="readiness").start()
            looking, left = self._looking, self._began + PATIENCE - clock.monotonic()
        try:
            return looking.result(timeout=max(left, 0))
        except TimeoutError:
            _log.error("ready.failed", reason="The database does not answer in time.")
            return "unavailable"

    def _look(self, looking: "Future[State]") -> None:
        try:
            state = self._seen()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            looking.set_exception(error)
        else:
            self._good_until = clock.monotonic() + (_GOOD_FOR if state == "ok" else 0)
            looking.set_result(state)

    def _seen(self) -> State:
        try:
            with self._database.transaction(read_only=True) as db:
                data_keys.load(db.session.connection(), load_key_file(self._settings.key_file))
                found = db.value(_REVISION)
                opens = vault.opens(db)
        except (StartRefused, OSError, sa.exc.SQLAlchemyError) as error:
            _log.error("ready.failed", reason=str(error) if isinstance(error, StartRefused) else type(error).__name__)
            return "unavailable"
        if found != self._revision:
            _log.error("ready.failed", reason=f"The database is at migration {found}, not {self._revision}.")
            return "unavailable"
        if not opens:
            _log.error("ready.degraded", reason="A stored credential does not open.")
        return "ok" if opens else "degraded"
