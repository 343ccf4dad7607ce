"""A row of people: who it is, and what is known of them. The id is the file's, else the e-mail, else the employee id."""

from collections.abc import Mapping
from typing import Final

from connectors.csv_file.cells import as_date, as_several, as_word, derived_id
from connectors.sdk.records import Person, PersonStatus, PersonType, Record, RecordRefused

TYPES: Final[dict[str, PersonType]] = {
    **dict.fromkeys(("employee", "staff", "internal", "permanent", "fulltime", "parttime", "intern"), "employee"),
    **dict.fromkeys(
        ("contractor", "consultant", "temp", "temporary", "freelancer", "freelance", "agency"), "contractor"
    ),
    **dict.fromkeys(("external", "guest", "partner", "vendor", "supplier", "customer"), "external"),
    **dict.fromkeys(("service", "serviceaccount", "bot", "system", "nonhuman"), "service"),
}
STATUSES: Final[dict[str, PersonStatus]] = {
    **dict.fromkeys(("active", "yes", "true", "1", "current", "employed", "enabled", "onleave"), "active"),
    **dict.fromkeys(("left", "no", "false", "0", "inactive", "terminated", "leaver", "former", "disabled"), "left"),
    "unknown": "unknown",
}


def read_person(cells: Mapping[str, str]) -> tuple[Record, ...]:
    """The person of one row, from its cells by field; raises ``RecordRefused``."""
    get = cells.get
    email, employee_id = get("email", ""), get("employee_id", "")
    source_id = get("source_id", "") or derived_id(email) or derived_id(employee_id)
    if not source_id:
        raise RecordRefused("email", "is empty, and so is every other column that would tell who this is")
    given, family = get("given_name", ""), get("family_name", "")
    person = Person(
        source_id=source_id,
        email=email,
        aliases=tuple(as_several(get("aliases", ""))),
        given_name=given,
        family_name=family,
        display_name=get("display_name", "") or f"{given} {family}".strip(),
        job_title=get("job_title", ""),
        team=get("team", ""),
        location=get("location", ""),
        cost_centre=get("cost_centre", ""),
        employee_id=employee_id,
        phone=get("phone", ""),
        manager=get("manager", ""),
        person_type=as_word("person_type", get("person_type", ""), TYPES, "employee"),
        status=as_word("status", get("status", ""), STATUSES, "active"),
        start_date=as_date("start_date", get("start_date", "")),
        leaving_date=as_date("leaving_date", get("leaving_date", "")),
    )
    return (person,)
