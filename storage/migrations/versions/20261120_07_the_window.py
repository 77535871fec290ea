"""Channels that may be spoken on for a while only: when she was last there, and what it costs."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_07"
down_revision = "20261120_06"
branch_labels = None
depends_on = None

_STATES = ("waiting", "claimed", "sent", "held", "dead", "gone", "shut", "echo")

_conversation = sa.table(
    "conversation",
    sa.column("channel", sa.String),
    sa.column("heard_at", sa.DateTime(timezone=True)),
    sa.column("window_from_at", sa.DateTime(timezone=True)),
)
_letter = sa.table("letter", sa.column("state", sa.String), sa.column("reply_sealed"))


def _states(*states: str) -> None:
    listed = ", ".join(f"'{one}'" for one in states)
    name = op.f("ck_letter_state_known")
    with op.batch_alter_table("letter") as letter:
        letter.drop_constraint(name, type_="check")
        letter.create_check_constraint(name, f"state in ({listed})")


def upgrade() -> None:
    """Bring the schema forward."""
    for name in ("window_from_at", "window_shut_at"):
        op.add_column("conversation", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    # The nearest to it that is known of who was here before.
    op.execute(
        sa.update(_conversation)
        .where(_conversation.c.channel == "zalo")
        .values(window_from_at=_conversation.c.heard_at)
    )
    op.create_index(
        "ix_conversation_window",
        "conversation",
        ["channel", "window_from_at"],
        sqlite_where=sa.text("window_from_at is not null"),
        postgresql_where=sa.text("window_from_at is not null"),
    )
    op.add_column(
        "letter",
        sa.Column("is_template", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    _states(*_STATES)
    op.create_index(
        "ix_letter_shut",
        "letter",
        ["ended_at"],
        sqlite_where=sa.text("state = 'shut'"),
        postgresql_where=sa.text("state = 'shut'"),
    )
    op.create_table(
        "spending",
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "month_on", name=op.f("pk_spending")),
    )


def downgrade() -> None:
    """Bring the schema back. There a letter that found a window closed is one that went nowhere."""
    op.drop_table("spending")
    op.drop_index("ix_letter_shut", table_name="letter")
    op.execute(
        sa.update(_letter).where(_letter.c.state == "shut").values(state="gone", reply_sealed=None)
    )
    _states(*(one for one in _STATES if one != "shut"))
    op.drop_column("letter", "is_template")
    op.drop_index("ix_conversation_window", table_name="conversation")
    op.drop_column("conversation", "window_shut_at")
    op.drop_column("conversation", "window_from_at")
