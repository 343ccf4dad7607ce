"""What comes in about an app, over JSON and in forms, and what it means for the actions."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from app.apps.actions import AppChanges
from app.apps.models import AppStatus
from app.apps.owners import find_owner, get_owner, is_address, require_owner
from app.core.actor import Actor
from app.core.database import Db
from app.core.incoming import text
from app.core.incoming.inputs import ABSENT, Email, Input, LongText, Name, changes
from app.people.facets import ensure_facet
from app.people.roster import Roster
from app.web.filters import is_web_address

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(text.one_line)]
Category = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(text.one_line)]
_NULLABLE = {"owner", "cost_centre_id"}


def _web_address(typed: str) -> str:
    """What is typed, if a link may lead there: http or https with a host, never a script; or nothing."""
    if typed and not is_web_address(typed):
        raise ValueError("This must be a web address, such as https://example.com.")
    return typed


Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    AfterValidator(text.one_line),
    AfterValidator(_web_address),
]


class AppIn(Input):
    """A new app. ``owner_email`` is an owner who is not a person known here; ``url`` is kept as typed."""

    name: Name
    instance_name: Short = ""
    status: AppStatus = "new"
    vendor: Short = ""
    category: Category = ""
    url: Address = ""
    owner_id: UUID | None = None
    owner_email: Email | None = None
    cost_centre: Short = ""
    notes: LongText = ""


class AppPatch(Input):
    """Changes to an app: what is absent stays, null clears."""

    name: Name = ABSENT
    instance_name: Short | None = ABSENT
    status: AppStatus = ABSENT
    vendor: Short | None = ABSENT
    category: Category | None = ABSENT
    url: Address | None = ABSENT
    owner_id: UUID | None = ABSENT
    owner_email: Email | None = ABSENT
    cost_centre: Short | None = ABSENT
    notes: LongText | None = ABSENT


class AppForm(Input):
    """The form of one app. ``owner`` is an e-mail address or full name; an address of nobody known is kept as such."""

    name: Name
    instance_name: Short = ""
    status: AppStatus = "new"
    vendor: Short = ""
    category: Category = ""
    url: Address = ""
    owner: Short = ""
    cost_centre: Short = ""
    notes: LongText = ""


class OwnerForm(Input):
    """The owner alone, edited in place."""

    owner: Short = ""


class BulkForm(Input):
    """What is done to many apps: those ticked, or all that match the query ``matching`` of which ``count`` were seen.

    One form holds what each act needs: a status, or an owner (nobody when empty). ``back`` is the list it came from.
    """

    id: tuple[UUID, ...] = ()
    matching: Annotated[str, StringConstraints(max_length=5000)] | None = None
    count: int | None = None
    back: Annotated[str, StringConstraints(max_length=5000)] = ""
    status: AppStatus | None = None
    owner: Short = ""


def meant(db: Db, actor: Actor, roster: Roster, given: AppIn | AppPatch) -> AppChanges:
    """What was sent, as facts of an app. Refuses (``Invalid``) an owner whom the actor may not see."""
    sent: dict[str, Any] = changes(given)
    if "owner_id" in sent:
        owner_id = sent.pop("owner_id")
        sent["owner"] = get_owner(db, actor, roster, owner_id) if owner_id else None
        sent.setdefault("owner_email", "")
    elif sent.get("owner_email"):
        sent |= owner_meant(db, actor, roster, sent["owner_email"])
    return _with_cost_centre(db, sent)


def meant_by_form(db: Db, actor: Actor, roster: Roster, given: AppForm) -> AppChanges:
    """The same for the form, which says everything."""
    said: dict[str, Any] = {name: getattr(given, name) for name in AppForm.model_fields if name != "owner"}
    return _with_cost_centre(db, said | owner_meant(db, actor, roster, given.owner))


def owner_meant(db: Db, actor: Actor, roster: Roster, typed: str) -> AppChanges:
    """What a typed owner means: a person known here, else the address of somebody who is not, else nobody."""
    if not typed:
        return {"owner": None, "owner_email": ""}
    if is_address(typed) and find_owner(db, actor, roster, typed) is None:
        return {"owner": None, "owner_email": typed}
    return {"owner": require_owner(db, actor, roster, typed), "owner_email": ""}


def _with_cost_centre(db: Db, said: dict[str, Any]) -> AppChanges:
    if "cost_centre" in said:
        said["cost_centre_id"] = ensure_facet(db, "cost_centre", said.pop("cost_centre") or "")
    meant: Any = {name: "" if value is None and name not in _NULLABLE else value for name, value in said.items()}
    facts: AppChanges = meant
    return facts
