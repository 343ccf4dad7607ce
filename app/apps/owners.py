"""Who is meant when somebody types an owner: an e-mail address or a full name of a person whom the actor may see."""

from uuid import UUID

from app.apps.records import Owner
from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Invalid, NotFound
from app.core.incoming import text
from app.people.folding import fold
from app.people.queries import get_person
from app.people.roster import Roster
from app.people.searching import find_by_words

_MANY = 50


def get_owner(db: Db, actor: Actor, roster: Roster, person_id: UUID, *, field: str = "owner_id") -> Owner:
    """The person with this id. Refuses (``Invalid``) one whom the actor may not see."""
    try:
        person = get_person(db, actor, roster, person_id)
    except NotFound:
        raise Invalid.field(field, "There is no such person.") from None
    return Owner(person.id, person.display_name)


def find_owner(db: Db, actor: Actor, roster: Roster, typed: str, *, field: str = "owner") -> Owner | None:
    """The one person with this e-mail address, alias, employee id or full name, in any case; None for nobody.

    Refuses (``Invalid``) a text that means several people.
    """
    words = fold(typed.strip())
    found = [each for each in find_by_words(db, actor, roster, typed, _MANY) if words in each.text.split("\n")]
    if len(found) > 1:
        raise Invalid.field(field, f"Several people are known as {typed}. Enter an e-mail address.")
    return Owner(found[0].id, found[0].name) if found and words else None


def require_owner(db: Db, actor: Actor, roster: Roster, typed: str, *, field: str = "owner") -> Owner:
    """Like ``find_owner``, but refuses (``Invalid``) a text that means nobody, too."""
    owner = find_owner(db, actor, roster, typed, field=field)
    if owner is None:
        raise Invalid.field(field, f"Nobody here is known as {typed}. Enter an e-mail address or a full name.")
    return owner


def is_address(typed: str) -> bool:
    """Whether what was typed is an e-mail address."""
    try:
        text.canonical_email(typed)
    except ValueError:
        return False
    return True
