"""Columns are recognised by name, and a mapping that cannot work is refused before anything is read."""

import pytest

from connectors.csv_file.mapping import check_mapping, suggest_mapping
from connectors.csv_file.targets import ACCOUNTS, APPS, PEOPLE, TARGETS, FileTarget


@pytest.mark.parametrize(
    ("target", "mapping", "field", "message"),
    [
        (PEOPLE, {}, "", "Choose a column for Email or Id or Employee id"),
        (PEOPLE, {"display_name": "Name"}, "", "Choose a column for"),
        (PEOPLE, {"email": "E-Mail"}, "email", "no column “E-Mail”"),
        (PEOPLE, {"email": "Email", "salary": "Name"}, "salary", "no such field"),
        (ACCOUNTS, {"role": "Email"}, "", "Choose a column for User name or Email"),
        (APPS, {"vendor": "Name"}, "name", "choose the column"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(
    target: FileTarget, mapping: dict[str, str], field: str, message: str
) -> None:
    problems = {problem.field: problem.message for problem in check_mapping(mapping, ["Email", "Name"], target)}
    assert message in problems[field]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.key)
def test_every_name_and_synonym_is_recognised_in_any_spelling(target: FileTarget) -> None:
    for fact in target.facts:
        for name in (fact.label, *fact.synonyms):
            for spelling in (name, name.upper(), name.replace(" ", ""), f" {name.lower().replace(' ', '_')}: "):
                assert suggest_mapping([spelling], target) == {fact.field: spelling}


def test_the_columns_of_a_usual_file_are_all_found_and_none_twice() -> None:
    columns = ["Unique ID", "E-mail address", "First name", "SURNAME", "Hire date", "Manager email", "Team", "Salary"]
    assert suggest_mapping(columns, PEOPLE) == {
        "source_id": "Unique ID",
        "email": "E-mail address",
        "given_name": "First name",
        "family_name": "SURNAME",
        "start_date": "Hire date",
        "manager": "Manager email",
        "team": "Team",
    }


def test_of_two_columns_for_one_fact_the_better_name_wins() -> None:
    assert suggest_mapping(["Work Email", "Email"], PEOPLE) == {"email": "Email"}


def test_a_suggestion_is_accepted() -> None:
    columns = ["Application", "Owner", "Supplier", "State", "Cost center", "Website"]
    mapping = suggest_mapping(columns, APPS)
    assert len(mapping) == len(columns)
    assert check_mapping(mapping, columns, APPS) == ()
