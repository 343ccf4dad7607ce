"""The spreadsheets of an organisation that has nothing else: its people, its register of apps, the accounts of one app."""

import csv
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

PEOPLE = [
    (
        "Employee ID",
        "First Name",
        "Last Name",
        "Work Email",
        "Employment Status",
        "Department",
        "Start Date",
        "Last Day",
    ),
    ("1001", "Ada", "Byron", "ada@corp.local", "Active", "Engineering", "2020-01-06", ""),
    ("1002", "Grace", "Hopper", "grace@corp.local", "Active", "Engineering", "1 March 2018", ""),
    ("1003", "Leaf", "Gone", "leaf@corp.local", "Left", "Sales", "2019-05-01", "2026-09-30"),
    ("1004", "Two", "Ways", "two.ways@corp.local", "Active", "Sales", "03/02/2020", ""),
    ("1005", "No", "Address", "not-an-address", "Active", "Sales", "2020-02-01", ""),
    ("1006", "Noor", "Nieuw", "noor@corp.local", "Active", "Finance", "2021-02-01", ""),
]
APPS = [
    ("Application", "Supplier", "Business Owner", "Status", "Cost Center"),
    ("Whiteboard", "Boards Ltd", "grace@corp.local", "Managed", "CC1"),
    ("Chat", "Talk Inc", "ada@corp.local", "Managed", "CC1"),
    ("Old CRM", "Acme", "", "Closed", "CC2"),
]
ACCOUNTS = [
    ("E-mail", "Name", "Role", "Status", "Last Login"),
    ("ada@corp.local", "Ada Byron", "Admin", "Active", datetime(2026, 11, 20, 9)),  # noqa: DTZ001 - a cell has no zone
    ("leaf@corp.local", "Leaf Gone", "Editor", "Active", datetime(2026, 9, 1, 9)),  # noqa: DTZ001
    ("freelancer@elsewhere.example", "Free Lancer", "Viewer", "Active", None),
]


def write_csv(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_xlsx(path: Path, rows: list[tuple[object, ...]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path
