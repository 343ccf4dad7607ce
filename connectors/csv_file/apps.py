"""A row of the register of apps. An app is told apart by its name and, where there are several, its instance."""

from collections.abc import Mapping
from typing import Final

from connectors.csv_file.cells import as_word, derived_id
from connectors.sdk.records import AppEntry, AppStatus, Record, RecordRefused, is_email

STATUSES: Final[dict[str, AppStatus]] = {
    "new": "new",
    "inreview": "in_review",
    "review": "in_review",
    "managed": "managed",
    "accepted": "accepted",
    "plantoclose": "plan_to_close",
    "closing": "plan_to_close",
    "closed": "closed",
    "ignored": "ignored",
}


def read_app(cells: Mapping[str, str]) -> tuple[Record, ...]:
    """The app of one row; an address without a scheme gets https; raises ``RecordRefused``."""
    get = cells.get
    name, instance, url, owner = get("name", ""), get("instance_name", ""), get("url", ""), get("owner_email", "")
    if not name:
        raise RecordRefused("name", "is empty")
    if owner and not is_email(owner):
        raise RecordRefused("owner_email", "is not the e-mail address of the owner")
    entry = AppEntry(
        source_id=derived_id(name, instance),
        name=name,
        instance_name=instance,
        vendor=get("vendor", ""),
        status=as_word("status", get("status", ""), STATUSES, "new"),
        owner_email=owner,
        cost_centre=get("cost_centre", ""),
        category=get("category", ""),
        url=f"https://{url}" if url and ":" not in url else url,
        notes=get("notes", ""),
    )
    return (entry,)
