"""What a file can be imported as, and the columns each import looks for, with the names that other programs give them."""

from typing import Final

from msgspec import Struct

from connectors.sdk.connector import Target


class Fact(Struct, frozen=True):
    """One thing a column can hold: its field in the record, its usual name, and other names of it."""

    field: str
    label: str
    synonyms: tuple[str, ...] = ()
    is_required: bool = False


class FileTarget(Target, frozen=True, kw_only=True):
    """An import of files: the facts it takes, of which a row needs at least one of ``one_of``."""

    facts: tuple[Fact, ...]
    one_of: tuple[str, ...] = ()


PEOPLE: Final = FileTarget(
    key="people",
    name="People",
    kinds=frozenset({"person"}),
    one_of=("email", "source_id", "employee_id"),
    facts=(
        Fact("source_id", "Id", ("Unique Id", "Person Id")),
        Fact("email", "Email", ("Email Address", "E-mail", "E-mail Address", "Work Email", "Mail", "UPN")),
        Fact("employee_id", "Employee id", ("Employee Ref", "Employee Number", "Employee No", "Personnel Number")),
        Fact("given_name", "First name", ("Given Name", "Forename")),
        Fact("family_name", "Last name", ("Surname", "Family Name")),
        Fact("display_name", "Name", ("Full Name", "Employee Name", "Display Name")),
        Fact("job_title", "Job title", ("Title", "Position", "Function", "Role")),
        Fact("location", "Location", ("Office", "Site", "Work Location", "City")),
        Fact("start_date", "Start date", ("Hire Date", "Date of Hire", "Joined", "Joining Date")),
        Fact("leaving_date", "Leaving date", ("Termination Date", "End Date", "Last Day", "Leave Date")),
        Fact("team", "Team", ("Team Ids", "Teams", "Department", "Team Name", "Business Unit")),
        Fact("cost_centre", "Cost centre", ("Cost Center", "Cost Centre Code", "Cost Center Code")),
        Fact("person_type", "Person type", ("Type", "Employee Type", "Employment Type")),
        Fact("manager", "Line manager email", ("Manager Email", "Manager", "Line Manager", "Reports To")),
        Fact("phone", "Phone", ("Phone Number", "Telephone", "Mobile")),
        Fact("status", "Status", ("Employment Status", "Active")),
        Fact("aliases", "Aliases", ("Other Emails", "Alias")),
    ),
)

ACCOUNTS: Final = FileTarget(
    key="accounts",
    name="Accounts of an app",
    kinds=frozenset({"account", "entitlement", "grant"}),
    one_of=("username", "email"),
    facts=(
        Fact("email", "Email", ("Email Address", "E-mail", "E-mail Address", "Mail", "User Email")),
        Fact("username", "User name", ("Username", "Login", "Login Name", "User Id", "Account", "Account Name", "UPN")),
        Fact("display_name", "Name", ("Full Name", "Display Name", "User")),
        Fact("status", "Status", ("State", "Account Status", "Active", "Enabled")),
        Fact(
            "last_login_at",
            "Last login",
            ("Last Sign In", "Last Login Date", "Last Active", "Last Activity", "Last Seen", "Last Access"),
        ),
        Fact("created_at", "Created", ("Created At", "Date Created", "Creation Date", "Date Added", "Added")),
        Fact("role", "Role", ("Roles", "Profile", "Permission", "Permissions", "Access Level")),
        Fact("group", "Group", ("Groups", "Teams", "Team")),
        Fact("licence", "Licence", ("License", "Licences", "Licenses", "Licence Type", "License Type", "Plan", "Seat")),
        Fact("kind", "Account type", ("Type", "User Type", "Kind")),
    ),
)

APPS: Final = FileTarget(
    key="apps",
    name="Register of apps",
    kinds=frozenset({"app"}),
    facts=(
        Fact("name", "Name", ("App", "Application", "App Name", "Application Name", "Product"), is_required=True),
        Fact("instance_name", "Instance", ("Instance Name", "Tenant", "Workspace", "Environment")),
        Fact("owner_email", "Owner e-mail", ("Owner", "Business Owner", "App Owner", "Responsible")),
        Fact("vendor", "Vendor", ("Supplier", "Vendor Name", "Manufacturer", "Publisher")),
        Fact("status", "Status", ("State", "App Status")),
        Fact("cost_centre", "Cost centre", ("Cost Center", "Cost Centre Code", "Cost Center Code")),
        Fact("category", "Category", ("Type", "Kind", "Class")),
        Fact("url", "URL", ("Website", "Web Site", "Link", "Address", "Web Address")),
        Fact("notes", "Notes", ("Note", "Comment", "Comments", "Remarks", "Description")),
    ),
)

TARGETS: Final = (PEOPLE, ACCOUNTS, APPS)
