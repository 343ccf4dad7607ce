"""How states read: words and tones for connections and runs."""

HEALTH = {
    "fresh": ("Fresh", "ok"),
    "late": ("Late", "warn"),
    "failed": ("Failed", "bad"),
    "waiting": ("Waits for you", "warn"),
    "never": ("Never synced", "mute"),
    "paused": ("Paused", "mute"),
    "altered": ("Altered by hand", "bad"),
}
STATES = {
    "queued": ("Queued", "info"),
    "running": ("Running", "info"),
    "waiting_approval": ("Waits for approval", "warn"),
    "done": ("Done", "ok"),
    "failed": ("Failed", "bad"),
    "discarded": ("Discarded", "mute"),
    "stopped": ("Stopped", "mute"),
    "preview": ("Not applied yet", "info"),
    "undone": ("Undone", "mute"),
}
TRIGGERS = {"manual": "By hand", "schedule": "Timetable", "import": "Import", "test": "Test"}
KINDS = {"person": "People", "account": "Accounts", "entitlement": "Entitlements", "grant": "Grants", "app": "Apps"}
REMOVALS = {
    "person": "records of people", "account": "accounts", "entitlement": "entitlements", "grant": "grants",
    "leaver": "people marked as left",
}  # fmt: skip
CAPABILITIES = {
    "people": "Reads people", "accounts": "Reads accounts", "entitlements": "Reads groups and roles",
    "grants": "Reads who holds what", "apps": "Reads the app register", "sync": "Syncs by itself",
    "import": "Imports files", "test": "Can be tested",
}  # fmt: skip
EVERY = (
    ("0", "By hand only"),
    ("60", "Every hour"),
    ("360", "Every 6 hours"),
    ("1440", "Every day"),
    ("10080", "Every week"),
)
IMPORT_STATES = {
    "uploaded": ("Columns to be chosen", "info"),
    "reading": ("Being read", "info"),
    "ready": ("Ready to apply", "info"),
    "applying": ("Being applied", "info"),
    "applied": ("Applied", "ok"),
    "undone": ("Undone", "mute"),
    "failed": ("Failed", "bad"),
    "discarded": ("Discarded", "mute"),
}
