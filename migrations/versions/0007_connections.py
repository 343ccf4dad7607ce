"""Connections, syncs, imports, and the note of what an import changes, written by triggers while one is applied."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# Each table that a merge writes, and what names a row of it.
NOTED = {
    "facets": "r.id::text",
    "people": "r.id::text",
    "person_emails": "encode(r.email_index, 'hex')",
    "person_records": "r.id::text",
    "apps": "r.id::text",
    "accounts": "r.id::text",
    "account_states": "r.account_id::text || ' ' || r.seen_from::text",
    "entitlements": "r.id::text",
    "grants": "r.account_id::text || ' ' || r.entitlement_id::text || ' ' || r.seen_from::text",
}


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
        "import_changes",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after", sa.LargeBinary(length=32), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_import_changes")),
    )
    op.create_index(op.f("ix_import_changes_import_id"), "import_changes", ["import_id"], unique=False)
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
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("sync_id", sa.Uuid(), nullable=True),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("is_complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("failed_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_imports_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_connection_id"), "imports", ["connection_id"], unique=False)
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
        "import_parts",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_parts_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "kind", "number", name=op.f("pk_import_parts")),
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
    for table, key in NOTED.items():
        _note_changes(table, key)
    counted = " ".join(f"ANALYZE public.{table};" for table in NOTED)
    op.execute(f"""
        CREATE FUNCTION refresh_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog AS $$ BEGIN {counted} END $$
    """)
    op.execute("REVOKE ALL ON FUNCTION refresh_statistics() FROM PUBLIC")


def _note_changes(table: str, key: str) -> None:
    """While ``stackwarden.import`` names an import, note for it every row of ``table`` that is written."""
    old, new = key.replace("r.", "o."), key.replace("r.", "n.")
    op.execute(f"""
        CREATE FUNCTION note_import_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            import text := current_setting('stackwarden.import', true);
        BEGIN
            IF import IS NULL OR import = '' THEN
                RETURN NULL;
            ELSIF TG_OP = 'INSERT' THEN
                INSERT INTO import_changes (import_id, table_name, key, after)
                SELECT import::uuid, '{table}', {new}, sha256(convert_to(n::text, 'UTF8')) FROM new_rows n;
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO import_changes (import_id, table_name, key, before, after)
                SELECT import::uuid, '{table}', {new}, convert_to(to_jsonb(o)::text, 'UTF8'),
                       sha256(convert_to(n::text, 'UTF8'))
                FROM old_rows o JOIN new_rows n ON {old} = {new};
            ELSE
                INSERT INTO import_changes (import_id, table_name, key, before)
                SELECT import::uuid, '{table}', {old}, convert_to(to_jsonb(o)::text, 'UTF8') FROM old_rows o;
            END IF;
            RETURN NULL;
        END $$
    """)
    rows = {
        "INSERT": "NEW TABLE AS new_rows",
        "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "DELETE": "OLD TABLE AS old_rows",
    }
    for event, named in rows.items():
        op.execute(f"""
            CREATE TRIGGER {table}_import_{event.lower()} AFTER {event} ON {table} REFERENCING {named}
            FOR EACH STATEMENT EXECUTE FUNCTION note_import_of_{table}()
        """)
