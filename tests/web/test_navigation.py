"""The menu."""

from app.core.permissions import Permission
from app.web.navigation import GROUPS, SETTINGS, NavItem, groups_for, settings_for

ALL = [item for group in GROUPS for item in group.items] + list(SETTINGS)


def test_nobody_opens_nothing() -> None:
    assert groups_for(frozenset()) == ()
    assert settings_for(frozenset()) == ()


def test_every_line_names_a_permission_that_exists() -> None:
    assert {item.permission for item in ALL} <= {permission.value for permission in Permission}


def test_permissions_of_an_actor_open_their_lines() -> None:
    groups = groups_for(frozenset({Permission.APPS_READ}))
    assert [(group.label, [item.label for item in group.items]) for group in groups] == [("Inventory", ["Apps"])]


def test_a_line_holds_what_lies_below_it_and_not_what_begins_alike() -> None:
    people = NavItem("People", "/people", icon="users", permission="people:read")
    assert people.holds("/people")
    assert people.holds("/people/1")
    assert not people.holds("/people-counter")
    overview = NavItem("Overview", "/", icon="layout-dashboard", permission="overview:read")
    assert overview.holds("/")
    assert not overview.holds("/people")


def test_no_page_is_in_the_menu_twice() -> None:
    addresses = [item.href for item in ALL]
    assert len(set(addresses)) == len(addresses)
