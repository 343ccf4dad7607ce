"""One database after another for tests: emptied and used again, made anew where a test changed more than rows.

An emptied database keeps what is warm: connections, their caches, compiled statements. It saves half the time of most tests.
"""

from dataclasses import dataclass, field
from itertools import count
from typing import Final, LiteralString

import psycopg

from app.core.database import STREAMS, Database
from app.core.sealed import Keyring
from tests.postgres import Server

TEMPLATE: Final = "template_stackwarden"
_MOST_ROWS: Final = 2_000  # what was there is still in the files, and every scan passes it
_numbers = count(1)

# Everything but rows, and what the planner knows of them.
_SHAPE: Final[LiteralString] = """
    SELECT concat_ws(' ',
        (SELECT concat(count(*), max(xmin::text::bigint)) FROM pg_class WHERE relpersistence <> 't'),
        (SELECT concat(count(*), max(xmin::text::bigint)) FROM pg_attribute WHERE attnum > 0),
        (SELECT concat(count(*), max(xmin::text::bigint)) FROM pg_proc),
        (SELECT concat(count(*), max(xmin::text::bigint)) FROM pg_trigger),
        (SELECT concat(count(*), max(xmin::text::bigint)) FROM pg_constraint),
        (SELECT concat(count(*), max(xmin::text::bigint)) FROM pg_db_role_setting),
        (SELECT count(*) FROM pg_statistic))
"""
_PREPARE: Final[LiteralString] = """
    SET session_replication_role = replica;  -- neither triggers nor foreign keys
    SET lock_timeout = '2s';
    CREATE TEMPORARY TABLE emptied (name text, seed text);
    CREATE FUNCTION pg_temp.prepare() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE t regclass; is_empty boolean;
    BEGIN
        FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE relkind IN ('r', 'p') AND nspname !~ '^(pg_|information_schema)' LOOP
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', t) INTO is_empty;
            IF NOT is_empty THEN EXECUTE format('CREATE TEMPORARY TABLE %I AS TABLE %s', 'seed_' || t::oid, t); END IF;
            INSERT INTO emptied VALUES (t::text, CASE WHEN NOT is_empty THEN 'seed_' || t::oid END);
        END LOOP;
    END $$;
    CREATE FUNCTION pg_temp.empty() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE each record; gone bigint; total bigint := 0;
    BEGIN
        FOR each IN SELECT name, seed FROM emptied LOOP
            EXECUTE format('DELETE FROM %s', each.name);
            GET DIAGNOSTICS gone = ROW_COUNT;
            total := total + gone;
            IF each.seed IS NOT NULL THEN
                EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE %I', each.name, each.seed);
            END IF;
        END LOOP;
        RETURN total;
    END $$;
    SELECT pg_temp.prepare();
"""


@dataclass
class Kept:
    """A database that can be used again, and the superuser's connection that empties it."""

    name: str
    opened: Database
    desk: psycopg.Connection
    shape: str

    def is_as_new(self, keys: Keyring) -> bool:
        """Empty it; whether it then is what it was."""
        if self.opened.keys is not keys or self.opened.streams._value != STREAMS:
            return False
        try:
            rows = self.desk.execute("SELECT pg_temp.empty()").fetchone()
        except psycopg.Error:
            return False
        return rows is not None and rows[0] < _MOST_ROWS and _shape(self.desk) == self.shape


@dataclass
class Databases:
    """The databases of one server."""

    server: Server
    keys: Keyring
    free: list[Kept] = field(default_factory=list)

    def take(self) -> Kept:
        """A database as the migrations leave it."""
        if self.free:
            return self.free.pop()
        name = fresh_name()
        self.server.create_database(name, TEMPLATE)
        desk = self.server.connect("postgres", name)
        desk.execute(_PREPARE)
        return Kept(name, Database(self.server.url("app", name), self.keys), desk, _shape(desk))

    def give_back(self, kept: Kept) -> None:
        """It is used again, or dropped."""
        if kept.is_as_new(self.keys):
            self.free.append(kept)
        else:
            self.drop(kept)

    def drop(self, kept: Kept) -> None:
        """It is gone."""
        kept.opened.close()
        kept.desk.close()
        self.server.drop_database(kept.name)


def fresh_name() -> str:
    """A name that no other database has."""
    return f"test_{next(_numbers)}"


def _shape(desk: psycopg.Connection) -> str:
    found = desk.execute(_SHAPE).fetchone()
    assert found is not None
    return str(found[0])
