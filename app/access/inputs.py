"""What comes in about an account, over JSON and in forms, and what it means for the actions."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from app.access.actions import AccountChanges
from app.access.models import AccountKind, AccountStatus
from app.apps.owners import get_owner
from app.core.actor import Actor
from app.core.database import Db
from app.core.incoming import text
from app.core.incoming.inputs import ABSENT, Input, changes
from app.people.roster import Roster

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(text.one_line)]


class AccountPatch(Input):
    """What a hand says of an account. ``person_id`` null: nobody's. A service or shared account needs ``owner_id``."""

    person_id: UUID | None = ABSENT
    kind: AccountKind = ABSENT
    owner_id: UUID | None = ABSENT


class LinkForm(Input):
    """Whose account this is."""

    person_id: UUID


class KindForm(Input):
    """What kind of account this is; ``owner`` is an e-mail address or a full name."""

    kind: AccountKind
    owner: Short = ""


class StatusForm(Input):
    """The status of an account that no source tells by itself."""

    status: AccountStatus


class MergeForm(Input):
    """What is merged into the record that is kept."""

    other_id: UUID


def meant(db: Db, actor: Actor, roster: Roster, given: AccountPatch) -> AccountChanges:
    """What was sent, as facts of an account. Refuses (``Invalid``) people whom the actor may not see."""
    sent: dict[str, Any] = changes(given)
    for name, field in (("person", "person_id"), ("owner", "owner_id")):
        if field in sent:
            person_id = sent.pop(field)
            sent[name] = get_owner(db, actor, roster, person_id, field=field) if person_id else None
    said: AccountChanges = sent  # type: ignore[assignment] # the names are those of AccountChanges
    return said
