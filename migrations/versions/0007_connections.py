"""Connections."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=True),
        sa.Column("feeds_people", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("every_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.String(length=20), server_default="active", nullable=False),
        sa.Column("removal_percent", sa.SmallInteger(), server_default="5", nullable=False),
        sa.Column("removal_count", sa.Integer(), server_default="5", nullable=False),
        sa.Column("vault_reference", sa.String(length=300), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_complete_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
    )
    op.create_index(op.f("ix_connections_app_id"), "connections", ["app_id"], unique=False)
    op.create_index(op.f("ix_connections_next_run_at"), "connections", ["next_run_at"], unique=False)
    op.create_index(
        "uq_connections_name",
        "connections",
        [sa.literal_column("lower(name)")],
        unique=True,
        postgresql_where=sa.text("status <> 'removed'"),
    )
    op.create_table(
        "staged_records",
        sa.Column("sync_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("source_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=True),
        sa.Column("content_mac", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("type", sa.String(length=20), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("is_privileged", sa.Boolean(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("username_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("manager_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("account_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("entitlement_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("leaving_date", sa.Date(), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_in_app_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sync_id", "kind", "source_index", name=op.f("pk_staged_records")),
    )
    op.create_table(
        "syncs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("stop_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_approved", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("verdict", sa.String(length=10), server_default="", nullable=False),
        sa.Column("problems", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_syncs_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_syncs")),
    )
    op.create_index("ix_syncs_connection_id_id", "syncs", ["connection_id", "id"], unique=False)
    op.create_index(
        "ix_syncs_state", "syncs", ["state"], unique=False, postgresql_where=sa.text("state IN ('queued', 'running')")
    )
    op.create_index(
        "uq_syncs_live",
        "syncs",
        ["connection_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running') AND trigger <> 'test'"),
    )
    op.create_table(
        "sync_checkpoints",
        sa.Column("sync_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sync_id"], ["syncs.id"], name=op.f("fk_sync_checkpoints_sync_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sync_id", name=op.f("pk_sync_checkpoints")),
    )
    op.create_table(
        "sync_problems",
        sa.Column("sync_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sync_id"], ["syncs.id"], name=op.f("fk_sync_problems_sync_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sync_id", "number", name=op.f("pk_sync_problems")),
    )
