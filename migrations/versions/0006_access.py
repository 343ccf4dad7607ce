"""Accounts, entitlements and grants as intervals."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "account_states",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("seen_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "seen_from", name=op.f("pk_account_states")),
    )
    op.create_table(
        "grants",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("seen_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "entitlement_id", "seen_from", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_entitlement_id", "grants", ["entitlement_id"], unique=False)
    op.create_index(
        "uq_grants_present",
        "grants",
        ["account_id", "entitlement_id"],
        unique=True,
        postgresql_where=sa.text("seen_until IS NULL"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("source_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("username_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("email_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("linked_by", sa.String(length=10), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=10), server_default="user", nullable=False),
        sa.Column("kind_by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column(
            "last_login_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'1970-01-01 00:00:00+00'"),
            nullable=False,
        ),
        sa.Column("created_in_app_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_accounts_app_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_accounts_owner_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_accounts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("connection_id", "source_index", name=op.f("uq_accounts_connection_id_source_index")),
    )
    op.create_index(
        "ix_accounts_answered_for",
        "accounts",
        ["last_login_at", "id"],
        unique=False,
        postgresql_where=sa.text("seen_until IS NULL AND kind <> 'user'"),
    )
    op.create_index(op.f("ix_accounts_email_index"), "accounts", ["email_index"], unique=False)
    op.create_index(
        "ix_accounts_gone",
        "accounts",
        ["last_login_at", "id"],
        unique=False,
        postgresql_where=sa.text("seen_until IS NOT NULL"),
    )
    op.create_index("ix_accounts_last_login_at_id", "accounts", ["last_login_at", "id"], unique=False)
    op.create_index(
        "ix_accounts_not_linked",
        "accounts",
        ["last_login_at", "id"],
        unique=False,
        postgresql_where=sa.text("seen_until IS NULL AND person_id IS NULL AND kind = 'user'"),
    )
    op.create_index(
        "ix_accounts_of_app",
        "accounts",
        ["app_id", "last_login_at", "id"],
        unique=False,
        postgresql_where=sa.text("seen_until IS NULL"),
    )
    op.create_index(op.f("ix_accounts_owner_id"), "accounts", ["owner_id"], unique=False)
    op.create_index(op.f("ix_accounts_person_id"), "accounts", ["person_id"], unique=False)
    op.create_index("ix_accounts_seen_from_id", "accounts", ["seen_from", "id"], unique=False)
    op.create_index("ix_accounts_status_id", "accounts", ["status", "id"], unique=False)
    op.create_index(op.f("ix_accounts_username_index"), "accounts", ["username_index"], unique=False)
    op.create_table(
        "entitlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("source_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("is_privileged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("content_mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_entitlements_app_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("connection_id", "source_index", name=op.f("uq_entitlements_connection_id_source_index")),
    )
    op.create_index(op.f("ix_entitlements_app_id"), "entitlements", ["app_id"], unique=False)
