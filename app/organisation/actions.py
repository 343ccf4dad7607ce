"""Changing what the organisation has set."""

from uuid import UUID
from zoneinfo import available_timezones

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import FieldError, Invalid
from app.organisation.models import Organisation

# ISO 4217 codes that organisations keep their books in.
CURRENCIES = tuple(
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY KES KRW MAD MXN MYR NGN NOK NZD "
    "PHP PLN QAR RON RSD SAR SEK SGD THB TRY TWD UAH USD VND ZAR".split()
)


def time_zones() -> list[str]:
    """The names of time zones to choose from (IANA), UTC first."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


def change(  # noqa: PLR0913 - the facts of one row
    db: Db,
    actor: Actor,
    organisation: Organisation,
    *,
    name: str,
    time_zone: str,
    currency: str,
    fiscal_year_start: int,
    unused_after_days: int | None = None,
) -> None:
    """Set name, time zone (IANA), currency (ISO 4217), first month of the fiscal year (1-12), unused threshold (days).

    Refuses (``Invalid``) unknown values, one message per field. The currency can change until money exists.
    """
    days = organisation.unused_after_days if unused_after_days is None else unused_after_days
    after = {
        "name": name.strip(),
        "time_zone": time_zone,
        "currency": currency.upper(),
        "fiscal_year_start": fiscal_year_start,
        "unused_after_days": days,
    }
    _check(after)
    before = {field: getattr(organisation, field) for field in after}
    changes = audit.changed(before, after)
    if not changes:
        return
    for field, value in after.items():
        setattr(organisation, field, value)
    _save(db, organisation)
    audit.record(db, actor, Event.ORGANISATION_CHANGED, _subject(organisation), changes=changes)


def mark_set_up(db: Db, actor: Actor, organisation: Organisation) -> None:
    """Note that the first owner exists: the set-up link is dead from here on."""
    organisation.set_up_at = clock.now()
    _save(db, organisation)
    audit.record(db, actor, Event.SET_UP, _subject(organisation))


def choose_lifecycle_source(
    db: Db, actor: Actor, organisation: Organisation, *, source: UUID | None, label: str
) -> None:
    """Set the one connection that decides who has left; ``label`` is its name for the trail."""
    before = organisation.lifecycle_source_id
    if before == source:
        return
    organisation.lifecycle_source_id = source
    _save(db, organisation)
    changes = audit.changed({"source": before}, {"source": source})
    audit.record(
        db, actor, Event.LIFECYCLE_SOURCE_CHANGED, _subject(organisation), changes=changes, detail={"name": label}
    )


def _check(values: dict[str, object]) -> None:
    wrong = []
    if not values["name"] or len(str(values["name"])) > 200:  # noqa: PLR2004 - the column's length
        wrong.append(FieldError("name", "Enter the organisation's name, up to 200 characters."))
    if values["time_zone"] not in available_timezones():
        wrong.append(FieldError("time_zone", "Choose a time zone from the list, such as Europe/London."))
    if values["currency"] not in CURRENCIES:
        wrong.append(FieldError("currency", "Choose a currency from the list, such as EUR."))
    if values["fiscal_year_start"] not in range(1, 13):
        wrong.append(FieldError("fiscal_year_start", "Choose a month."))
    if values["unused_after_days"] not in range(1, 1001):
        wrong.append(FieldError("unused_after_days", "Enter between 1 and 1,000 days."))
    if wrong:
        raise Invalid("Some settings are wrong.", fields=tuple(wrong))


def _save(db: Db, organisation: Organisation) -> None:
    organisation.changed_at = clock.now()
    db.session.add(organisation)
    db.session.flush()


def _subject(organisation: Organisation) -> Subject:
    return Subject("organisation", organisation.id, organisation.name)
