"""Roles: the table is whole, a key can never do what only a session may, and nobody's rights exceed the owner's."""

from app.core.permissions import OWNER, ROLES, SESSION_ONLY, Permission, Rows, permissions_of, rows_of


def test_every_permission_is_held_by_the_owner_and_an_unknown_role_holds_none() -> None:
    assert ROLES[OWNER].permissions == frozenset(Permission)
    assert permissions_of(["nobody"]) == frozenset()
    assert rows_of(["nobody"]) is Rows.OWN


def test_an_auditor_reads_and_changes_nothing() -> None:
    writes = {
        permission for permission in ROLES["auditor"].permissions if not permission.endswith((":read", "self:manage"))
    }
    assert writes == set()
    assert Permission.TRAIL_READ in ROLES["auditor"].permissions


def test_only_owner_administrator_auditor_and_security_read_the_trail() -> None:
    readers = {key for key, role in ROLES.items() if Permission.TRAIL_READ in role.permissions}
    assert readers == {"owner", "administrator", "security", "auditor"}


def test_an_employee_and_an_app_owner_do_not_see_all_rows() -> None:
    assert ROLES["employee"].rows is Rows.OWN
    assert ROLES["app_owner"].rows is Rows.OWNED_APPS
    assert all(role.rows is Rows.ALL for key, role in ROLES.items() if key not in {"employee", "app_owner"})


def test_an_api_key_can_never_make_keys_users_or_settings() -> None:
    assert {Permission.API_KEYS_OWN, Permission.USERS_WRITE, Permission.ORGANISATION_WRITE} <= SESSION_ONLY
