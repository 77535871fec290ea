"""What is looked up: every row that a turn asks for is found by an index, however many there are."""

from alembic import op

revision = "20261120_03"
down_revision = "20261120_02"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_consent_conversation_id", "consent", ("conversation_id",)),
    ("ix_consent_person_id", "consent", ("person_id",)),
    ("ix_link_conversation_id", "link", ("conversation_id",)),
    ("ix_link_expires_at", "link", ("expires_at",)),
    ("ix_signature_receipt_id", "signature", ("receipt_id",)),
    ("ix_signature_case_id_counted", "signature", ("case_id", "state", "is_foreign", "known")),
    ("ix_case_file_officer_id", "case_file", ("officer_id",)),
    ("ix_committee_member_conversation_id", "committee_member", ("conversation_id",)),
    ("ix_enterprise_commune_code", "enterprise", ("commune_code",)),
)


def upgrade() -> None:
    """Bring the schema forward."""
    for name, table, columns in _INDEXES:
        op.create_index(name, table, list(columns))


def downgrade() -> None:
    """Bring the schema back."""
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
