"""Time-based one-time codes (RFC 6238): six digits, 30 seconds, SHA-1 as every authenticator app has it.

The server's clock alone counts; one step of skew either way is forgiven. A step is never accepted twice, nor one before
it: the newest accepted step is sealed with the seed, and moves forward in one update on condition that the sealed bytes are
still those that were read, so of fifty equal codes at once exactly one wins.
A seed is shown once, while it is being enrolled, and leaves the server never again.
"""

import hmac
from datetime import timedelta
from typing import Final
from uuid import UUID

import pyotp
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.database import Db
from app.core.sealed import DoesNotOpen
from app.login.models import SeedFacts, Totp, TotpEnrolment

DIGITS: Final = 6
STEP: Final = 30
SKEW: Final = 1
SEED_LENGTH: Final = 32  # base32 characters: 160 bits
ENROL_FOR: Final = timedelta(minutes=60)
ISSUER: Final = "Stackwarden"
_CODE_LENGTH: Final = 20


def present_step() -> int:
    """The number of the present time step."""
    return int(clock.now().timestamp()) // STEP


def step_of(seed: str, code: str) -> int | None:
    """The step near now that ``code`` belongs to, or None. Spaces in the code are forgiven; all candidates are compared."""
    typed = "".join(code.split()) if len(code) <= _CODE_LENGTH else ""
    maker = pyotp.TOTP(seed, digits=DIGITS, interval=STEP)
    found = None
    for step in range(present_step() - SKEW, present_step() + SKEW + 1):
        if hmac.compare_digest(maker.generate_otp(step).encode(), typed.encode("utf-8", "surrogatepass")):
            found = step
    return found


def is_enrolled(db: Db, user_id: UUID) -> bool:
    """Whether the user has a confirmed authenticator."""
    return db.value(sa.select(Totp.user_id).where(Totp.user_id == user_id)) is not None


def spend(db: Db, user_id: UUID, code: str) -> bool:
    """Accept a code of the user's authenticator, once: its step and all before it are spent from here on."""
    row = db.row(sa.select(Totp.credential).where(Totp.user_id == user_id))
    try:
        known = None if row is None else db.open(SeedFacts, Totp, user_id, row.credential)
    except DoesNotOpen:
        known = None
    step = None if known is None else step_of(known.seed, code)
    if row is None or known is None or step is None or step <= known.last_step:
        return False
    spent = db.seal(Totp, user_id, SeedFacts(seed=known.seed, last_step=step))
    is_as_read = (Totp.user_id == user_id) & (Totp.credential == row.credential)
    return db.run(sa.update(Totp).where(is_as_read).values(credential=spent)) == 1


def offered_seed(db: Db, holder_id: UUID) -> str:
    """The seed this holder is enrolling: the one already shown to them, or a new one. See ``TotpEnrolment``."""
    now = clock.now()
    db.run(
        sa.delete(TotpEnrolment).where(TotpEnrolment.holder_id == holder_id, TotpEnrolment.started_at < now - ENROL_FOR)
    )
    sealed = db.seal(TotpEnrolment, holder_id, SeedFacts(seed=pyotp.random_base32(SEED_LENGTH)))
    row = {"holder_id": holder_id, "credential": sealed, "started_at": now}
    db.run(insert(TotpEnrolment).values(row).on_conflict_do_nothing())
    return _offered(db, holder_id) or ""


def confirm(db: Db, holder_id: UUID, user_id: UUID, code: str, *, replace: bool = False) -> bool:
    """Enrol the holder's seed for the user when ``code`` proves that it arrived.

    Only ``replace`` puts it in the place of an authenticator that the user has: whoever asks for it must have stepped up.
    """
    seed = _offered(db, holder_id)
    step = step_of(seed, code) if seed else None
    if not seed or step is None:
        return False
    facts = {
        "credential": db.seal(Totp, user_id, SeedFacts(seed=seed, last_step=step)),
        "confirmed_at": clock.now(),
    }
    statement = insert(Totp).values(user_id=user_id, **facts)
    if replace:
        statement = statement.on_conflict_do_update(index_elements=["user_id"], set_=facts)
    else:
        statement = statement.on_conflict_do_nothing()
    return db.run(sa.delete(TotpEnrolment).where(TotpEnrolment.holder_id == holder_id)) == db.run(statement) == 1


def proves(db: Db, holder_id: UUID, code: str) -> bool:
    """Whether ``code`` proves that the holder's seed arrived, without enrolling it yet."""
    seed = _offered(db, holder_id)
    return bool(seed) and step_of(seed or "", code) is not None


def remove(db: Db, user_id: UUID) -> None:
    """Forget the user's authenticator."""
    db.run(sa.delete(Totp).where(Totp.user_id == user_id))


def address(seed: str, account: str) -> str:
    """The ``otpauth://`` address that an authenticator app reads."""
    return pyotp.TOTP(seed, digits=DIGITS, interval=STEP).provisioning_uri(name=account, issuer_name=ISSUER)


def qr(text: str) -> tuple[tuple[bool, ...], ...]:
    """The rows of a QR code, without its quiet zone; the page draws them as an SVG."""
    import qrcode  # noqa: PLC0415 - large, and needed once a user

    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def _offered(db: Db, holder_id: UUID) -> str | None:
    row = db.row(
        sa.select(TotpEnrolment.credential).where(
            TotpEnrolment.holder_id == holder_id, TotpEnrolment.started_at >= clock.now() - ENROL_FOR
        )
    )
    return None if row is None else db.open(SeedFacts, TotpEnrolment, holder_id, row.credential).seed


def in_groups(seed: str) -> str:
    """A seed in groups of four, for typing by hand."""
    return " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))
