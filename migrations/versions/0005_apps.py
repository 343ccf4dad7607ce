"""Applications in use."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "apps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("instance_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("status", sa.String(length=20), server_default="new", nullable=False),
        sa.Column("vendor", sa.String(length=200), server_default="", nullable=False),
        sa.Column("category", sa.String(length=200), server_default="", nullable=False),
        sa.Column("url", sa.String(length=2048), server_default="", nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("cost_centre_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=20), server_default="manual", nullable=False),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cost_centre_id"], ["facets.id"], name=op.f("fk_apps_cost_centre_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["apps.id"], name=op.f("fk_apps_merged_into_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_apps_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apps")),
    )
    op.create_index(op.f("ix_apps_cost_centre_id"), "apps", ["cost_centre_id"], unique=False)
    op.create_index("ix_apps_lower_name", "apps", [sa.literal_column("lower(name)")], unique=False)
    op.create_index(op.f("ix_apps_merged_into_id"), "apps", ["merged_into_id"], unique=False)
    op.create_index(op.f("ix_apps_owner_id"), "apps", ["owner_id"], unique=False)
    op.create_index(
        "uq_apps_name_instance",
        "apps",
        [sa.literal_column("lower(name)"), sa.literal_column("lower(instance_name)")],
        unique=True,
        postgresql_where=sa.text("merged_into_id IS NULL"),
    )
    op.create_table(
        "app_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["kept_id"], ["apps.id"], name=op.f("fk_app_merges_kept_id")),
        sa.ForeignKeyConstraint(["merged_id"], ["apps.id"], name=op.f("fk_app_merges_merged_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_merges")),
    )
    op.create_index(op.f("ix_app_merges_kept_id"), "app_merges", ["kept_id"], unique=False)
    op.create_index(op.f("ix_app_merges_merged_id"), "app_merges", ["merged_id"], unique=False)
