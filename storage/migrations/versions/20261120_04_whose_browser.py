"""Whose browser: a one-time link belongs to the browser that opened it first."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_04"
down_revision = "20261120_03"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward. A link that was opened before stays open to any browser."""
    op.add_column("link", sa.Column("opened_by", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_column("link", "opened_by")
