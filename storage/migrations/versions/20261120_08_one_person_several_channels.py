"""One person, several channels: which addresses are one person's, and what leads there."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_08"
down_revision = "20261120_07"
branch_labels = None
depends_on = None

_JOINED = sa.text("joined_to_id is not null")


def upgrade() -> None:
    """Bring the schema forward: every conversation that there is stands by itself."""
    op.add_column("conversation", sa.Column("joined_to_id", sa.BigInteger(), nullable=True))
    op.add_column("conversation", sa.Column("named_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_conversation_joined_to_id",
        "conversation",
        ["joined_to_id"],
        sqlite_where=_JOINED,
        postgresql_where=_JOINED,
    )
    op.add_column("receipt", sa.Column("joined_to_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "joining",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code_blind", sa.LargeBinary(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_joining_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["conversation.id"], name=op.f("fk_joining_asked_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joining")),
        sa.UniqueConstraint("code_blind", name=op.f("uq_joining_code_blind")),
    )
    op.create_index("ix_joining_conversation_id", "joining", ["conversation_id"])
    op.create_index("ix_joining_asked_by_id", "joining", ["asked_by_id"])


def downgrade() -> None:
    """Bring the schema back. What joined people have recorded is then read by no address."""
    op.drop_table("joining")
    op.drop_column("receipt", "joined_to_id")
    op.drop_index("ix_conversation_joined_to_id", table_name="conversation")
    op.drop_column("conversation", "named_at")
    op.drop_column("conversation", "joined_to_id")
