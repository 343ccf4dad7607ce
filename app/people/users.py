"""Which person is behind each user: the one who bears the user's e-mail address.

Links follow addresses, whoever moves them: a new person, a merge, a sync. Users are few, so all are looked at each time.
A user who was altered in the database by hand is passed over.
"""

import sqlalchemy as sa

from app.core.database import Db
from app.login.actions import link_person
from app.login.models import User
from app.people.models import PersonEmail


def link_users(db: Db) -> int:
    """Link every user to the person who bears their address, or to nobody; how many links changed, each with its event."""
    wrong = (
        sa.select(User.email_index, PersonEmail.person_id)
        .outerjoin(PersonEmail, PersonEmail.email_index == User.email_index)
        .where(User.person_id.is_distinct_from(PersonEmail.person_id))
        .order_by(User.id)
    )
    return sum(link_person(db, row.email_index, row.person_id) for row in db.rows(wrong))
