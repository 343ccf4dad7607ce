"""The engine, ``Base``, and ``Db``: the one transaction of a request or job. This file alone commits.

A request's transaction is a FastAPI dependency of scope "function": it commits before the answer leaves, so a failed
commit is never answered 2xx, and ``max_concurrency`` keeps more requests than connections from dead-locking.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from psycopg import Connection
from psycopg.pq import TransactionStatus
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from app.core.sealed import Keyring

CONCURRENCY = 16
STREAMS = 3
_SPARE = STREAMS + 1  # what is sent while it is read, and what pages say of the installation

F = TypeVar("F", bound=msgspec.Struct)
B = TypeVar("B", bound="Base")


class Base(DeclarativeBase):
    """The base of every table. Columns come from ``app.core.columns``, which gives each its class of data."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Db:
    """One transaction. Actions and queries take it first; nobody but this file commits it."""

    __slots__ = ("keys", "session")

    def __init__(self, session: Session, keys: Keyring) -> None:
        self.session = session
        self.keys = keys

    def rows(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """All rows of a statement."""
        return self.session.execute(statement, values or {}).all()

    def row(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> sa.Row[Any] | None:
        """The first row, or None."""
        return self.session.execute(statement, values or {}).first()

    def value(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return self.session.execute(statement, values or {}).scalar()

    def run(self, statement: sa.Executable, values: Any = None) -> int:
        """Execute a change; the number of rows it touched."""
        # Without this an INSERT answers -1, and ON CONFLICT DO NOTHING could not tell whether it did anything.
        result: Any = self.session.execute(statement, values, execution_options={"preserve_rowcount": True})
        return int(result.rowcount)

    def find(self, kind: type[B], row_id: UUID, *, lock: bool = False) -> B | None:
        """One object by its primary key, locked for update when asked."""
        return self.session.get(kind, row_id, with_for_update=lock)

    def add(self, row: Base) -> None:
        """Add a new row and write it at once, so that the next statement sees it."""
        self.session.add(row)
        self.session.flush()

    def open(self, kind: type[F], table: type[Base], row_id: UUID, blob: bytes, *bound: object) -> F:
        """Open the sealed facts of a row of ``table``."""
        return self.keys.open(kind, table.__tablename__, row_id, blob, *bound)

    def seal(self, table: type[Base], row_id: UUID, facts: msgspec.Struct, *bound: object) -> bytes:
        """Seal the facts of a row of ``table``."""
        return self.keys.seal(table.__tablename__, row_id, facts, *bound)

    def index(self, table: type[Base], field: str, value: str) -> bytes:
        """The blind index of a fact of ``table``."""
        return self.keys.index(table.__tablename__, field, value)

    @property
    def driver(self) -> Connection[Any]:
        """The psycopg connection of this transaction, for COPY and for enqueueing jobs."""
        connection = self.session.connection().connection.driver_connection
        assert isinstance(connection, Connection)
        return connection

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside when it fails."""
        with self.session.begin_nested():
            yield


class Database:
    """The pool of one process, and its keyring. ``streams`` is held by whatever reads while somebody downloads.

    A statement waits ``patience`` seconds for a lock, 0 for as long as it takes: requests that wait for one thing must not
    hold every place of those that wait for nothing.
    """

    def __init__(self, url: str, keys: Keyring, *, concurrency: int = CONCURRENCY, patience: int = 0) -> None:
        self.engine = sa.create_engine(
            url,
            pool_size=concurrency + _SPARE,
            max_overflow=0,
            pool_timeout=15,
            pool_pre_ping=False,
            pool_reset_on_return="rollback",
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            query_cache_size=1200,
            connect_args={
                "application_name": "stackwarden", "connect_timeout": 10,
                "options": f"-c timezone=UTC -c lock_timeout={patience}s",
            },
        )  # fmt: skip
        self._session = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self.streams = asyncio.Semaphore(STREAMS)
        self.keys = keys

    def begin(self) -> Session:
        """A session that takes a connection when it is first used; who begins it ends it."""
        return self._session()

    @contextmanager
    def transaction(self, *, read_only: bool = False, snapshot: bool = False) -> Iterator[Db]:
        """One transaction: committed when the block ends, rolled back when it raises.

        ``snapshot`` gives REPEATABLE READ, so that several statements see one moment.
        """
        with self._session() as session:
            if snapshot:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            if read_only:
                session.execute(sa.text("SET TRANSACTION READ ONLY"))
            try:
                yield Db(session, self.keys)
            except BaseException:
                session.rollback()
                raise
            session.commit()

    def ping(self) -> None:
        """Raise unless the database answers."""
        with self.engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))

    def close(self) -> None:
        """Close the pool."""
        self.engine.dispose()


def database_of(request: Request) -> Database:
    """The process's database, wired into the application by ``main``."""
    database = request.app.state.database
    assert isinstance(database, Database)
    return database


async def _transaction(request: Request) -> AsyncIterator[Db]:
    # Beginning costs no round trip and so no thread; ending does.
    session = database_of(request).begin()
    try:
        yield Db(session, database_of(request).keys)
    except BaseException:
        await run_in_threadpool(session.close)
        raise
    if session.in_transaction():
        await run_in_threadpool(_finish, session)
    else:
        session.close()  # it is over already, see ``committing``, and this costs no round trip


def _finish(session: Session) -> None:
    with session:
        session.commit()


def committing(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """A route's function that commits its transaction in the thread it ran in, once it has made its whole answer.

    Otherwise the end of the dependency does that, in a thread that it has to wait for. What is not yet a response may
    still fail to become one, and is left to that end.
    """

    @wraps(endpoint)
    def run(*args: Any, **given: Any) -> Any:
        made = endpoint(*args, **given)
        if isinstance(made, Response):
            for used in given.values():
                if isinstance(used, Db):
                    used.session.commit()
        return made

    return run


Transaction = Annotated[Db, Depends(_transaction, scope="function", max_concurrency=CONCURRENCY)]


@sa.event.listens_for(sa.pool.Pool, "checkout")
def _drop_dead_connections(connection: Any, _record: Any, _proxy: Any) -> None:
    """Replace a connection that the server has closed (a restart of PostgreSQL) without a round trip per checkout."""
    if isinstance(connection, Connection) and (
        connection.closed or connection.info.transaction_status == TransactionStatus.UNKNOWN
    ):
        raise sa.exc.DisconnectionError
