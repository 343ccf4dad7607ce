"""Passwords: which are refused, that each is exactly itself, how they are kept."""

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from app.core import clock
from app.core.database import Database, Db
from app.core.errors import Invalid
from app.login import attempts, passwords
from app.login.common_passwords import examples, is_common
from app.login.models import Password
from app.login.password_rules import LONGEST, SHORTEST, require_good
from tests.login.installation import PASSWORD, ROOT, make_user


def _refused(password: str) -> bool:
    try:
        require_good(
            password, email="grace.hopper@marlow-finch.example", name="Grace Hopper", organisation="Marlow & Finch"
        )
    except Invalid:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "short", "kettlewhist", "x" * 12, " " * 20, "password1234", "P@ssw0rd2026!", "qwertyuiop123", "1qaz2wsx3edc4rfv",
        "correct horse battery staple", "abcdefghijklmnop", "2026-11-21-2026", "letmeinletmein!!", "Summer2026Winter!",
        "stackwarden2026!", "MarlowFinch2026!", "gracehopper1906", "Grace.Hopper!!!!", "marlow-finch.example",
        "k9!vQ2zr7Lp" + "x" * 246,
    ],
)  # fmt: skip
def test_a_bad_password_is_refused(password: str) -> None:
    assert _refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "kettle whistles", "river stone paper clouds", "ohne grossbuchstaben und ziffern", "vier ölige Äpfel rollen",
        "😀🎉🚀🌍🎸🍕🐱🏠🌲🚲📚🧀", "kX9!vd02PqLm", "the winter house in the garden", "漢字仮名交じり文の長い合言葉",
    ],
)  # fmt: skip
def test_no_kind_of_character_is_asked_for_or_refused(password: str) -> None:
    assert not _refused(password)


def test_length_alone_decides_at_the_boundaries() -> None:
    good = "kX9!vd02PqLm"
    assert len(good) == SHORTEST
    assert not _refused(good)
    assert _refused(good[:-1])
    assert not _refused((good * 30)[:LONGEST])
    assert _refused((good * 30)[: LONGEST + 1])


def test_thousands_of_well_known_passwords_are_refused() -> None:
    known = list(examples())
    assert len(known) > 3000
    assert [password for password in known[::7] if not is_common(password)] == []


def test_a_password_is_exactly_what_was_typed(db: Db) -> None:
    stored = passwords.hash_of("Grüße 72 bytes " + "x" * 60)
    typed = "Grüße 72 bytes " + "x" * 60
    assert passwords.verify(stored, typed)
    for other in (typed + " ", typed[:-1], typed + "x", typed.lower(), "Gru\u0308\u00dfe" + typed[5:], typed + "\0"):
        assert not passwords.verify(stored, other)


def test_nobody_has_no_password_that_fits() -> None:
    assert not passwords.verify(None, "")
    assert not passwords.verify("not a hash", "anything")


def test_what_is_kept_is_sealed_argon2id_and_bound_to_its_user(db: Db) -> None:
    ada, bob = make_user(db), make_user(db, "bob@example.com", "auditor")
    assert (passwords.find_hash(db, ada.id) or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    row = db.row(sa.select(Password.credential).where(Password.user_id == ada.id))
    assert row is not None
    assert b"argon2" not in row.credential
    db.run(sa.update(Password).where(Password.user_id == bob.id).values(credential=row.credential))
    assert passwords.find_hash(db, bob.id) is None


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(database: Database) -> None:
    with database.transaction() as db:
        ada = make_user(db)
        passwords.store(db, ada.id, PasswordHasher(1, 8192, 1).hash(PASSWORD), changed_at=clock.now())
        changed = db.value(sa.select(Password.changed_at))
    with database.transaction() as db:
        assert isinstance(
            attempts.with_password(db, ROOT, email=ada.email, password=PASSWORD), attempts.NeedsSecondFactor
        )
    with database.transaction() as db:
        assert "m=19456,t=2" in (passwords.find_hash(db, ada.id) or "")
        assert db.value(sa.select(Password.changed_at)) == changed
