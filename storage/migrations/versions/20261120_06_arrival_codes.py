"""Arrival codes: from a poster's page to a channel that is not told where she comes from."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_06"
down_revision = "20261120_05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "arrival_code",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code_blind", sa.LargeBinary(), nullable=False),
        sa.Column("asked_blind", sa.LargeBinary(), nullable=False),
        sa.Column("poster_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["poster_id"], ["poster.id"], name=op.f("fk_arrival_code_poster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival_code")),
        sa.UniqueConstraint("code_blind", name=op.f("uq_arrival_code_code_blind")),
        sa.UniqueConstraint("asked_blind", name=op.f("uq_arrival_code_asked_blind")),
    )
    op.create_index("ix_arrival_code_expires_at", "arrival_code", ["expires_at"])


def downgrade() -> None:
    """Bring the schema back. Codes under way are lost: their pages give others."""
    op.drop_index("ix_arrival_code_expires_at", table_name="arrival_code")
    op.drop_table("arrival_code")
