"""One good request for each route that changes something: what its owner may send, and what comes of it.

Attacks are made from these by changing one thing, so that a refusal is for that thing. A new route has no sample, and the
tests that need one say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.attacks.estate import Estate
from tests.attacks.wire import Ask
from tests.routes import Route, all_routes

LONG_AGO = "2026-11-01"


@dataclass(frozen=True)
class Sample:
    """``ids`` go before those of the estate; ``sent`` is the JSON or form; ``status`` what the owner is answered."""

    sent: Mapping[str, Any] | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    status: int = 303

    def ask(self, estate: Estate, route: Route, headers: dict[str, str], **changes: Any) -> Ask:
        """The request; ``changes`` go over what is sent."""
        sent = None if self.sent is None else {**self.sent, **changes}
        if sent is None and route.is_api:
            return estate.prepare(headers, route.method, self.path(estate, route))
        kind = "multipart" if "file" in (sent or {}) else "json" if route.is_api else "form"
        return estate.prepare(headers, route.method, self.path(estate, route), **{kind: sent or {}})

    def path(self, estate: Estate, route: Route) -> str:
        return route.at(**{**estate.ids, **self.ids})


def samples(estate: Estate) -> dict[str, Sample]:
    """By ``Route.key``. The order is one in which all of them can be sent, one after the other."""
    found = {
        **_api(estate), **_access(estate), **_apps(estate), **_people(estate), **_settings(estate), **_strangers(),
        **_connections(estate),
    }  # fmt: skip
    return {route.key: found[route.key] for route in writes() if route.key in found}


def writes() -> list[Route]:
    """Every route that changes something, what takes most away last."""
    last = ("/remove", "/sign-out", "/others/end")
    return sorted((route for route in all_routes() if route.is_write), key=lambda route: route.path.endswith(last))


def _api(estate: Estate) -> dict[str, Sample]:
    ids = estate.ids
    spare = {"person_id": ids["spare_person_id"]}
    scim = {"base_url": "https://other.example.net/scim", "token": "s" * 40}
    return {
        "PATCH /api/v1/accounts/{account_id}": Sample({"kind": "service", "owner_id": ids["person_id"]}, status=200),
        "POST /api/v1/apps": Sample({"name": "New app", "status": "new", "vendor": "V", "notes": "n"}, status=201),
        "PATCH /api/v1/apps/{app_id}": Sample({"notes": "changed", "url": "https://atlas.example"}, status=200),
        "POST /api/v1/connections": Sample(
            {"connector": "scim", "name": "Another", "app_id": ids["app_id"], "every_minutes": 60, "settings": scim},
            status=201,
        ),
        "PATCH /api/v1/connections/{connection_id}": Sample({"every_minutes": 30, "removal_percent": 6}, status=200),
        "POST /api/v1/connections/{connection_id}/syncs": Sample({}, status=202),
        "POST /api/v1/people": Sample(
            {"display_name": "New Person", "email": "new@corp.example", "team": "T", "start_date": LONG_AGO}, status=201
        ),
        "PATCH /api/v1/people/{person_id}": Sample({"job_title": "Pilot", "phone": "1"}, spare, 200),
        "POST /api/v1/people/{person_id}/departure": Sample({"leaving_date": LONG_AGO}, spare, 201),
        "DELETE /api/v1/people/{person_id}/departure": Sample(None, spare, 200),
    }


def _access(estate: Estate) -> dict[str, Sample]:
    ids = {"account_id": estate.ids["holder_account_id"]}
    path = "POST /access/accounts/{account_id}"
    return {
        f"{path}/kind": Sample({"kind": "shared", "owner": "employee@corp.example"}, ids),
        f"{path}/person": Sample({"person_id": estate.ids["person_id"]}, ids),
        f"{path}/status": Sample({"status": "suspended"}, ids, 409),  # a source says what it is
        f"{path}/unlink": Sample(None, ids),
    }


def _apps(estate: Estate) -> dict[str, Sample]:
    ids = estate.ids
    return {
        "POST /apps/bulk/owner": Sample({"id": [ids["app_id"]], "owner": "hilda@corp.example", "back": "/apps"}),
        "POST /apps/bulk/status": Sample({"id": [ids["app_id"]], "status": "accepted", "back": "/apps"}),
        "POST /apps/new": Sample({"name": "By form", "vendor": "V", "owner": "hilda@corp.example"}),
        "POST /apps/{app_id}/edit": Sample({"name": "Atlas", "notes": "line\r\nline", "cost_centre": "C"}),
        "POST /apps/{app_id}/merge": Sample({"other_id": ids["other_app_id"]}),
        "POST /apps/{app_id}/merges/{merge_id}/undo": Sample(
            None, {"app_id": ids["merged_app_id"], "merge_id": ids["app_merge_id"]}
        ),
        "POST /apps/{app_id}/owner": Sample({"owner": "hilda@corp.example"}),
    }


def _people(estate: Estate) -> dict[str, Sample]:
    ids = estate.ids
    spare = {"person_id": ids["spare_person_id"]}
    path = "POST /people/{person_id}"
    return {
        "POST /people/new": Sample({"display_name": "By Form", "email": "form@corp.example", "start_date": LONG_AGO}),
        f"{path}/departure": Sample({"leaving_date": LONG_AGO}, spare),
        f"{path}/return": Sample(None, spare),
        f"{path}/edit": Sample(
            {"display_name": "Hilda Holder", "email": "hilda@corp.example", "aliases": "h@corp.example", "team": "T"}
        ),
        f"{path}/merge": Sample({"other_id": ids["employee_person_id"]}),
        f"{path}/merges/{{merge_id}}/undo": Sample(
            None, {"person_id": ids["merged_person_id"], "merge_id": ids["person_merge_id"]}
        ),
        f"{path}/sources": Sample(None),
    }


def _settings(estate: Estate) -> dict[str, Sample]:
    user = "POST /settings/users/{user_id}"
    organisation = {
        "name": "Corp",
        "time_zone": "UTC",
        "currency": "EUR",
        "fiscal_year_start": 1,
        "unused_after_days": 90,
    }
    return {
        "POST /settings/api-keys": Sample({"name": "k", "scopes": ["apps:read"], "days": 30}, status=200),
        "POST /settings/api-keys/{key_id}/revocation": Sample(None, status=404),
        "POST /settings/users/{user_id}/api-keys/{key_id}/revocation": Sample(None, status=404),
        "POST /settings/organisation": Sample(organisation),
        "POST /settings/security/authenticator": Sample({"code": "000000"}, status=422),
        "POST /settings/security/password": Sample({"current": "x", "new": "eleven blue trams depart"}, status=422),
        "POST /settings/security/recovery-codes": Sample(None, status=200),
        "POST /settings/sessions/{session_id}/end": Sample(None, status=404),
        "POST /settings/sessions/others/end": Sample(None),
        "POST /settings/users": Sample({"name": "N", "email": "n@corp.example", "roles": ["auditor"]}, status=200),
        f"{user}/profile": Sample({"name": "Vic", "roles": ["employee", "auditor"]}),
        f"{user}/invitation": Sample(None, status=200),
        f"{user}/factor-reset": Sample(None, status=200),
        f"{user}/session-end": Sample(None),
        f"{user}/deactivation": Sample(None),
        f"{user}/reactivation": Sample(None),
        "POST /step-up": Sample({"code": "000000", "next": "/"}, status=422),
        "POST /sign-out": Sample(None),
        "POST /theme": Sample({"value": "dark", "back": "/"}),
    }


def _strangers() -> dict[str, Sample]:
    return {
        "POST /invitation": Sample({"password": "eleven blue trams depart"}, status=404),
        "POST /sign-in": Sample({"email": "nobody@corp.example", "password": "x", "next": "/"}, status=422),
        "POST /sign-in/authenticator": Sample({"code": "000000"}, status=422),
        "POST /sign-in/code": Sample({"code": "000000"}, status=422),
        "POST /sign-in/recovery-code": Sample({"code": "0000"}, status=422),
        "POST /set-up/authenticator": Sample({"code": "000000"}, status=404),
        "POST /set-up/organisation": Sample(
            {"name": "C", "time_zone": "UTC", "currency": "EUR", "fiscal_year_start": 1}, status=404
        ),
        "POST /set-up/owner": Sample({"name": "N", "email": "o@corp.example", "password": "x"}, status=404),
    }


def _connections(estate: Estate) -> dict[str, Sample]:
    path = "POST /integrations/{connection_id}"
    scim = {"settings.base_url": "https://third.example.net/scim", "settings.token": "u" * 40}
    one = "POST /integrations/import/{import_id}"
    register = ("apps.csv", b"Name,Vendor\r\nSheet app,Sheet maker\r\n")
    facts = {"app_id": estate.ids["app_id"], "every_minutes": 60, "removal_percent": 5, "removal_count": 5}
    return {
        "POST /integrations/import": Sample({"target": "apps", "app_id": "", "file": register}),
        f"{one}/mapping": Sample({"column.email": "Email", "column.display_name": "Name"}),
        f"{one}/application": Sample({"accept_removals": "true"}),
        f"{one}/undo": Sample(None),
        f"{one}/discard": Sample(None, {"import_id": estate.ids["waiting_import_id"]}),
        "POST /integrations/new/{key}": Sample({"name": "Third", **facts, **scim}),
        f"{path}/lifecycle": Sample(None),
        f"{path}/paused": Sample(None),
        f"{path}/settings": Sample({"name": "Directory", **facts}),
        f"{path}/syncs": Sample(None),
        f"{path}/syncs/{{sync_id}}/approval": Sample(None, status=409),
        f"{path}/syncs/{{sync_id}}/discard": Sample(None, status=409),
        f"{path}/syncs/{{sync_id}}/stop": Sample(None),
        f"{path}/tests": Sample(None),
        f"{path}/remove": Sample({"name": "Directory"}),
    }


def without(sample: Sample, name: str) -> Sample:
    """The same request without one field."""
    return replace(sample, sent={key: value for key, value in (sample.sent or {}).items() if key != name})
