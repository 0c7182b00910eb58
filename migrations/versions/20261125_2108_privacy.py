"""Consents, data requests, erasure, restrictions."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FUNCTION = Path(__file__).parents[1] / "functions/privacy_forget/v1.sql"
READ = {
    "guibin_customer": "consent_text, consent, data_request, subject_export, restriction_kind, customer_restriction",
    "guibin_bank": (
        "consent_text, consent, data_request, subject_export, restriction_kind, customer_restriction, erasure, "
        "tombstone, retention_period"
    ),
    "guibin_worker": (
        "consent_text, consent, data_request, subject_export, restriction_kind, customer_restriction, erasure, "
        "tombstone, retention_period"
    ),
}
# What a merge of two customers copies and ends.
MERGE = ("INSERT ON consent, customer_restriction", "UPDATE (valid_to, ended_by) ON customer_restriction")
WRITE = {
    "guibin_customer": (
        "INSERT ON consent, data_request, subject_export",
        "UPDATE (link_hash, link_expires_at, fetched_at) ON subject_export",
    ),
    "guibin_bank": (
        *MERGE,
        "INSERT ON erasure, tombstone",
        "UPDATE (state, verified_by, verified_at, erased_at, counts) ON erasure",
        "UPDATE (state, details_enc, answer_enc, decided_at, decided_by) ON data_request",
        "UPDATE (content, password_enc, made_at, link_hash, link_expires_at) ON subject_export",
    ),
    "guibin_worker": (
        *MERGE,
        "UPDATE (state, decided_at) ON data_request",
        "UPDATE (content, password_enc, made_at, expires_at, link_hash, link_expires_at) ON subject_export",
    ),
}
# What a copy of a customer's data shows of other domains' tables.
COPY_READS = "customer_session, wechat_identity, tier_override"
TABLES = (
    "customer_restriction",
    "erasure",
    "subject_export",
    "data_request",
    "consent",
    "tombstone",
    "retention_period",
    "restriction_kind",
    "consent_text",
)


def upgrade() -> None:
    op.add_column("customer", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "consent_text",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.CheckConstraint("legal_basis IN ('contract', 'consent')", name=op.f("ck_consent_text_legal_basis_known")),
        sa.CheckConstraint(
            "purpose IN ('service', 'marketing', 'profiling', 'supplier', 'family', 'external')",
            name=op.f("ck_consent_text_purpose_known"),
        ),
        sa.PrimaryKeyConstraint("purpose", "version", name=op.f("pk_consent_text")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "restriction_kind",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("blocks_earn", sa.Boolean(), nullable=False),
        sa.Column("blocks_redeem", sa.Boolean(), nullable=False),
        sa.Column("blocks_message", sa.Boolean(), nullable=False),
        sa.Column("blocks_call", sa.Boolean(), nullable=False),
        sa.Column("blocks_assign", sa.Boolean(), nullable=False),
        sa.Column("blocks_login", sa.Boolean(), nullable=False),
        sa.Column("keeps_data", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_restriction_kind")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "retention_period",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("days >= 1", name=op.f("ck_retention_period_at_least_a_day")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_retention_period")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "tombstone",
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("laid_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_tombstone")),
        info={"distribution": ("ref",)},
    )
    op.create_table(
        "consent",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('any', 'sms', 'phone', 'wechat', 'app')", name=op.f("ck_consent_channel_known")
        ),
        sa.CheckConstraint("given_at <> 'paper' OR evidence IS NOT NULL", name=op.f("ck_consent_paper_has_evidence")),
        sa.CheckConstraint("given_at IN ('customer_port', 'paper')", name=op.f("ck_consent_given_at_known")),
        sa.CheckConstraint("state IN ('granted', 'denied', 'revoked')", name=op.f("ck_consent_state_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_consent_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["purpose", "text_version"],
            ["consent_text.purpose", "consent_text.version"],
            name=op.f("fk_consent_purpose_text_version_consent_text"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_consent")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_consent_customer_id_purpose_channel_recorded_at"),
        "consent",
        ["customer_id", "purpose", "channel", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "data_request",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("details_enc", sa.LargeBinary(), nullable=True),
        sa.Column("answer_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('copy', 'correct', 'delete', 'explain')", name=op.f("ck_data_request_kind_known")),
        sa.CheckConstraint(
            "state IN ('received', 'in_progress', 'fulfilled', 'refused')", name=op.f("ck_data_request_state_known")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_data_request_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_data_request")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_data_request_customer_id_created_at"), "data_request", ["customer_id", "created_at"], unique=False
    )
    op.create_index(op.f("ix_data_request_state_due_on"), "data_request", ["state", "due_on"], unique=False)
    op.create_table(
        "subject_export",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("password_enc", sa.LargeBinary(), nullable=True),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(content IS NULL) = (password_enc IS NULL)", name=op.f("ck_subject_export_file_with_password")
        ),
        sa.CheckConstraint(
            "(link_hash IS NULL) = (link_expires_at IS NULL)", name=op.f("ck_subject_export_link_with_end")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "request_id"],
            ["data_request.customer_id", "data_request.id"],
            name=op.f("fk_subject_export_customer_id_request_id_data_request"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "request_id", name=op.f("pk_subject_export")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_subject_export_made_at_created_at"), "subject_export", ["made_at", "created_at"], unique=False
    )
    op.create_table(
        "erasure",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("(state = 'erased') = (erased_at IS NOT NULL)", name=op.f("ck_erasure_erased_has_a_time")),
        sa.CheckConstraint(
            "state IN ('requested', 'verified', 'erased', 'withdrawn')", name=op.f("ck_erasure_state_known")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_erasure_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_erasure")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_erasure_customer_id"),
        "erasure",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'verified', 'erased')"),
    )
    op.create_table(
        "customer_restriction",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_customer_restriction_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_restriction_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["kind"], ["restriction_kind.code"], name=op.f("fk_customer_restriction_kind_restriction_kind")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_customer_restriction")),
        info={"distribution": ("customer_id", "customer")},
    )
    _grant()


def _grant() -> None:
    op.execute(FUNCTION.read_text(encoding="utf-8"))
    op.execute("REVOKE ALL ON FUNCTION privacy_forget FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION privacy_forget TO guibin_bank")
    op.execute(f"GRANT SELECT ON {COPY_READS} TO guibin_worker")
    for role, tables in READ.items():
        op.execute(f"GRANT SELECT ON {tables} TO {role}")
        for grant in WRITE[role]:
            op.execute(f"GRANT {grant} TO {role}")


def downgrade() -> None:
    op.execute("DROP FUNCTION privacy_forget")
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("customer", "erased_at")
