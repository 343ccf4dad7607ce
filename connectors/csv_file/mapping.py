"""Which column of a file holds which fact: what each kind of import takes, suggested by name, corrected by a person."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from connectors.csv_file.targets import FileTarget


class MappingProblem(Struct, frozen=True):
    """Why a mapping cannot be used: ``field`` is the fact it concerns, "" for the mapping as a whole."""

    field: str
    message: str


def suggest_mapping(columns: Sequence[str], target: FileTarget) -> dict[str, str]:
    """The column for each fact whose name or synonym matches one, in spite of case, spaces and punctuation.

    The facts come in the target's order of preference, and no column is suggested twice.
    """
    known = {_key(column): column for column in reversed(columns)}
    mapping: dict[str, str] = {}
    for fact in target.facts:
        names = (fact.label, *fact.synonyms)
        column = next((known.pop(_key(name)) for name in names if _key(name) in known), None)
        if column is not None:
            mapping[fact.field] = column
    return mapping


def check_mapping(mapping: Mapping[str, str], columns: Sequence[str], target: FileTarget) -> tuple[MappingProblem, ...]:
    """What is wrong with a mapping of fields to column names; empty when it can be used."""
    facts = {fact.field: fact for fact in target.facts}
    problems = [
        *(MappingProblem(field, "There is no such field.") for field in mapping if field not in facts),
        *(
            MappingProblem(field, f"The file has no column “{column[:80]}”.")
            for field, column in mapping.items()
            if column not in columns
        ),
        *(
            MappingProblem(fact.field, f"{fact.label}: choose the column that holds it.")
            for fact in target.facts
            if fact.is_required and fact.field not in mapping
        ),
    ]
    if target.one_of and not any(field in mapping for field in target.one_of):
        labels = " or ".join(facts[field].label for field in target.one_of)
        problems.append(MappingProblem("", f"Choose a column for {labels}: without one, nobody can be told apart."))
    return tuple(problems)


_UNIMPORTANT: Final = " \t_-./()#:*"


def _key(name: str) -> str:
    return name.casefold().translate(str.maketrans("", "", _UNIMPORTANT))
