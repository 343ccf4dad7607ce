"""Invented people, teams and well-known kinds of apps: nobody real, nothing measured."""

GIVEN = (
    "Ada Amara Anders Anya Aroha Bela Bruno Carys Chidi Chloe Dalia Dario Divya Edith Elif Emeka Esme Farah Felix Freya "
    "Giulia Goran Hana Hugo Imani Ines Ingrid Isaac Jonas Kaito Keiko Kofi Lena Leon Lucia Maren Mateo Maya Mina Nadia "
    "Nils Noor Olga Omar Paolo Petra Priya Quinn Rafael Rania Rosa Samir Sofia Tariq Tessa Tomas Uma Viktor Wen Yara Zoe"
).split()
FAMILY = (
    "Abara Alder Amsel Barlow Bekele Birch Brandt Caruso Castell Dahl Demir Drummond Eklund Farrow Ferrant Galloway Grieve "
    "Haddad Halloran Ibsen Ivanova Jansen Kaminski Keller Laurent Lindqvist Marchetti Marlow Mbeki Moreau Nakano Novak "
    "Okafor Okonjo Oduya Petrov Quist Rahman Raman Rasmus Sandoval Sato Soler Stroud Tanaka Thorne Ueda Vance Varga Weir "
    "Winther Yilmaz Zamora Zeller"
).split()
TEAMS = {
    "Engineering": ("Software engineer", "Site reliability engineer", "Engineering manager"),
    "Product": ("Product manager", "Product designer", "User researcher"),
    "Sales": ("Account executive", "Sales engineer", "Sales manager"),
    "Marketing": ("Content lead", "Growth marketer", "Events manager"),
    "Finance": ("Accountant", "Financial controller", "Buyer"),
    "People": ("People partner", "Recruiter"),
    "IT": ("Systems administrator", "Support engineer"),
    "Security": ("Security engineer", "Compliance officer"),
    "Customer success": ("Success manager", "Support agent", "Support lead"),
    "Operations": ("Operations manager", "Office manager"),
}
LOCATIONS = ("London", "Berlin", "Lisbon", "Toronto", "Remote")

# (name, category, status, how many of a hundred people use it)
APPS = (
    ("Google Workspace", "Collaboration", "managed", 100), ("Slack", "Collaboration", "managed", 96),
    ("Zoom", "Collaboration", "managed", 70), ("Notion", "Collaboration", "managed", 48), ("Miro", "Design", "managed", 22),
    ("Figma", "Design", "managed", 18), ("GitHub", "Engineering", "managed", 26), ("Jira", "Engineering", "managed", 40),
    ("Datadog", "Engineering", "managed", 12), ("Sentry", "Engineering", "managed", 12),
    ("Salesforce", "Sales and CRM", "managed", 22), ("HubSpot", "Marketing", "managed", 9),
    ("Gong", "Sales and CRM", "managed", 8),
    ("Zendesk", "Support", "managed", 14), ("Intercom", "Support", "plan_to_close", 5), ("Workday", "People", "managed", 8),
    ("Greenhouse", "People", "managed", 5), ("NetSuite", "Finance", "managed", 4), ("Expensify", "Finance", "accepted", 20),
    ("DocuSign", "Legal", "managed", 6), ("1Password", "Security", "managed", 60), ("Okta", "Security", "managed", 30),
    ("Snowflake", "Analytics", "managed", 6), ("Tableau", "Analytics", "in_review", 5),
    ("Airtable", "Collaboration", "in_review", 7),
    ("Canva", "Design", "accepted", 9), ("Grammarly", "Writing", "new", 6), ("Loom", "Collaboration", "accepted", 7),
    ("Dropbox", "Storage", "plan_to_close", 4), ("Trello", "Collaboration", "closed", 1),
)  # fmt: skip
SMALL_KINDS = (
    "Surveys",
    "Diagrams",
    "Notes",
    "Scheduling",
    "Invoices",
    "Whiteboard",
    "Forms",
    "Translate",
    "Signage",
    "Metrics",
)
SMALL_MAKERS = (
    "Brightleaf",
    "Copperline",
    "Driftwood",
    "Emberly",
    "Fernhill",
    "Glasshouse",
    "Harbourlight",
    "Inkwell",
    "Juniper",
    "Kestrel",
)
