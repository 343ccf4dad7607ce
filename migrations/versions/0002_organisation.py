"""What the organisation has set: one row, there from the start."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("time_zone", sa.String(length=60), server_default="UTC", nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="EUR", nullable=False),
        sa.Column("fiscal_year_start", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("lifecycle_source_id", sa.Uuid(), nullable=True),
        sa.Column("unused_after_days", sa.SmallInteger(), server_default="90", nullable=False),
        sa.Column("set_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.execute("INSERT INTO organisation (id) VALUES (gen_random_uuid())")
    op.execute("REVOKE INSERT, DELETE ON organisation FROM stackwarden_app")
