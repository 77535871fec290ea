"""The sender at work: a pace for each account, letters that are put off, and small indexes."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "20261120_02"
down_revision = "20261120_01"
branch_labels = None
depends_on = None

# A letter that may go at once waits for no moment: whatever a clock says, this one has passed.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)

_letter = sa.table(
    "letter",
    sa.column("state", sa.String),
    sa.column("tries", sa.Integer),
    sa.column("made_at", sa.DateTime(timezone=True)),
    sa.column("not_before_at", sa.DateTime(timezone=True)),
    sa.column("put_off_at", sa.DateTime(timezone=True)),
)
_OPEN = ("waiting", "claimed")


def _part(name: str, table: str, of: str, *columns: str) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(of), postgresql_where=sa.text(of)
    )


def upgrade() -> None:
    """Bring the schema forward."""

    op.create_table(
        "pace",
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("next_free_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slack_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("halted_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_pace")),
    )
    op.add_column("letter", sa.Column("put_off_at", sa.DateTime(timezone=True), nullable=True))
    # What was tried before was put off some time ago; the rest that was not to wait goes at once.
    op.execute(
        sa.update(_letter)
        .where(_letter.c.state == "waiting", _letter.c.tries > 0)
        .values(put_off_at=_letter.c.made_at)
    )
    op.execute(
        sa.update(_letter)
        .where(
            _letter.c.state.in_(_OPEN),
            _letter.c.put_off_at.is_(None),
            _letter.c.not_before_at == _letter.c.made_at,
        )
        .values(not_before_at=AT_ONCE)
    )
    op.drop_index("ix_letter_to_send", table_name="letter")
    _part(
        "ix_letter_to_send",
        "letter",
        "state = 'waiting'",
        "channel",
        "lane",
        "not_before_at",
        "id",
    )
    _part(
        "ix_letter_in_line",
        "letter",
        "state in ('waiting', 'claimed')",
        "conversation_id",
        "state",
        "id",
    )
    _part("ix_letter_in_hand", "letter", "state = 'claimed'", "leased_until_at")
    _part("ix_letter_stuck", "letter", "state in ('dead', 'held')", "channel", "state")
    op.create_index("ix_letter_channel_ended_at", "letter", ["channel", "ended_at"])
    _part("ix_inbox_failed", "inbox", "state = 'failed'", "id")


def downgrade() -> None:
    """Bring the schema back."""

    op.drop_index("ix_inbox_failed", table_name="inbox")
    for name in ("channel_ended_at", "stuck", "in_hand", "in_line", "to_send"):
        op.drop_index(f"ix_letter_{name}", table_name="letter")
    op.execute(
        sa.update(_letter)
        .where(_letter.c.not_before_at == AT_ONCE)
        .values(not_before_at=_letter.c.made_at)
    )
    # There a letter that was put off is known by its tries.
    op.execute(
        sa.update(_letter)
        .where(
            _letter.c.state.in_(_OPEN), _letter.c.put_off_at.is_not(None), _letter.c.tries == 0
        )
        .values(tries=1)
    )
    op.drop_column("letter", "put_off_at")
    op.create_index(
        "ix_letter_to_send",
        "letter",
        ["lane", "not_before_at"],
        sqlite_where=sa.text("state in ('waiting', 'claimed')"),
        postgresql_where=sa.text("state in ('waiting', 'claimed')"),
    )
    op.drop_table("pace")
