"""Users, factors, sessions, API keys, first-run set-up."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
