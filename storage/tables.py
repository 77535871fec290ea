"""The whole schema on one page, for SQLite and PostgreSQL alike.

Columns that end in `_sealed` hold bytes of `storage.sealed`, those in `_blind` a keyed index.
Times are UTC and end in `_at`; days are Vietnam's and end in `_on`. Ids are made by us.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no zone, so it is taken off and put on again here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: it would be wrong by seven hours somewhere. Raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with its zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> Column[int]:
    return Column("id", BigInteger, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{target}.id"), nullable=null)


def _is(name: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} in ({listed})", name=f"{name}_known")


def _part(name: str, of: str, *columns: str) -> Index:
    """Return an index of only those rows *of* which this is true."""
    return Index(name, *columns, sqlite_where=text(of), postgresql_where=text(of))


OPEN = "state in ('waiting', 'claimed')"

# --- settings of this installation, and the law as dated data --------------------------------

setting = Table(
    "setting",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

rule = Table(
    "rule",
    metadata,
    _id(),
    Column("key", String(64), nullable=False),
    Column("value", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    Column("certainty", String(16), nullable=False),
    Column("review_on", Date),
    Column("note", Text, nullable=False, server_default=""),
    Column("kind", String(16), nullable=False, server_default="law"),
    Column("checked_on", Date),
    Column("checked_by", Text, nullable=False, server_default=""),
    UniqueConstraint("key", "valid_from"),
)

holiday = Table(
    "holiday",
    metadata,
    Column("day_on", Date, primary_key=True),
    Column("name", Text, nullable=False),
    Column("is_certain", Boolean, nullable=False),
    Column("source", Text, nullable=False),
)

# --- union bodies: what they are called, what they cover, what they may do, each with dates --

body = Table("body", metadata, _id(), Column("code", String(32), nullable=False, unique=True))

body_version = Table(
    "body_version",
    metadata,
    _id(),
    _ref("body_id", "body"),
    Column("name", Text, nullable=False),
    Column("level", String(16), nullable=False),
    _ref("parent_id", "body", null=True),
    Column("hotline", String(32)),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    UniqueConstraint("body_id", "valid_from"),
)

body_power = Table(
    "body_power",
    metadata,
    _id(),
    _ref("body_id", "body"),
    Column("kind", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    UniqueConstraint("body_id", "kind", "role", "valid_from"),
)

coverage = Table(
    "coverage",
    metadata,
    _id(),
    _ref("body_id", "body"),
    Column("kind", String(16), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    UniqueConstraint("body_id", "kind", "ref", "valid_from"),
    Index("ix_coverage_kind_ref", "kind", "ref"),
)

body_succession = Table(
    "body_succession",
    metadata,
    _id(),
    _ref("from_id", "body"),
    _ref("to_id", "body"),
    Column("since_on", Date, nullable=False),
    Column("scope", Text, nullable=False, server_default=""),
    Column("decision", Text, nullable=False),
)

enterprise = Table(
    "enterprise",
    metadata,
    _id(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False),
    Column("tax_code", String(16), index=True),
    Column("commune_code", String(8)),
    Column("province_code", String(8)),
    Column("place", Text, nullable=False, server_default=""),
    Column("zone", String(64)),
    Column("sector", String(64)),
    Column("ownership", String(16)),
    Column("workers", Integer),
    Column("pays_fee", Boolean),
    Column("state", String(16), nullable=False),
    _ref("cdcs_id", "body", null=True),
    _ref("merged_into_id", "enterprise", null=True),
    _is("state", "checked", "waiting", "merged", "dropped"),
    Index("ix_enterprise_commune_code", "commune_code"),
)

# --- posters: opaque tokens in the address, a short code for who cannot scan -----------------

poster = Table(
    "poster",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("token_blind", LargeBinary, nullable=False, unique=True),
    Column("token_sealed", LargeBinary, nullable=False),
    Column("code_blind", LargeBinary, nullable=False, unique=True),
    Column("code_sealed", LargeBinary, nullable=False),
    _ref("enterprise_id", "enterprise", null=True),
    _ref("body_id", "body", null=True),
    Column("variant", String(64), nullable=False, server_default=""),
    Column("names_enterprise", Boolean, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    _is("kind", "poster", "share"),
)

poster_scan = Table(
    "poster_scan",
    metadata,
    Column("poster_id", BigInteger, ForeignKey("poster.id"), primary_key=True),
    Column("day_on", Date, primary_key=True),
    Column("scans", Integer, nullable=False),
)

# --- people: where they speak from, who they are, what they allowed --------------------------

conversation = Table(
    "conversation",
    metadata,
    _id(),
    Column("channel", String(16), nullable=False),
    Column("address_blind", LargeBinary, nullable=False),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("language", String(8), nullable=False),
    Column("step", String(64), nullable=False, server_default=""),
    Column("memory_sealed", LargeBinary),
    Column("offer", Integer, nullable=False, server_default="0"),
    _ref("enterprise_id", "enterprise", null=True),
    Column("is_locked", Boolean, nullable=False, server_default=text("false")),
    Column("wants_news", Boolean),
    Column("stopped_news_at", Instant),
    Column("stopped_all_at", Instant),
    Column("gone_at", Instant),
    Column("made_at", Instant, nullable=False),
    Column("heard_at", Instant, nullable=False),
    # When she last did something on a channel that may only be spoken on for a while after it;
    # since when, so, nothing reaches her there.
    Column("window_from_at", Instant),
    Column("window_shut_at", Instant),
    # The row, without an address, that owns the facts of a person with several. Nothing: this row
    # owns its own. `named_at`: since when a name had stood here when it was joined.
    Column("joined_to_id", BigInteger),
    Column("named_at", Instant),
    UniqueConstraint("channel", "address_blind"),
    _part("ix_conversation_window", "window_from_at is not null", "channel", "window_from_at"),
    _part("ix_conversation_joined_to_id", "joined_to_id is not null", "joined_to_id"),
)

# Two conversations on their way to become one person: a code shown in one (`conversation_id`), or
# a number that both channels verified; who asked for it from the other (`asked_by_id`).
joining = Table(
    "joining",
    metadata,
    _id(),
    Column("code_blind", LargeBinary, unique=True),
    _ref("conversation_id", "conversation"),
    _ref("asked_by_id", "conversation", null=True),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("asked_at", Instant),
    Column("ended_at", Instant),
    Index("ix_joining_conversation_id", "conversation_id"),
    Index("ix_joining_asked_by_id", "asked_by_id"),
)

person = Table(
    "person",
    metadata,
    _id(),
    _ref("conversation_id", "conversation"),
    Column("name_sealed", LargeBinary),
    Column("name_blind", LargeBinary),
    Column("phone_sealed", LargeBinary),
    Column("phone_blind", LargeBinary, index=True),
    Column("known", String(16), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("erased_at", Instant),
    _is("known", "verified", "claimed", "none"),
    UniqueConstraint("conversation_id", "name_blind"),
)

consent = Table(
    "consent",
    metadata,
    _id(),
    _ref("conversation_id", "conversation"),
    _ref("person_id", "person", null=True),
    Column("version", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("handling", Boolean, nullable=False),
    Column("contact", Boolean, nullable=False),
    Column("statistics", Boolean, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("ix_consent_conversation_id", "conversation_id"),
    Index("ix_consent_person_id", "person_id"),
)

receipt = Table(
    "receipt",
    metadata,
    _id(),
    Column("code", String(8), nullable=False, unique=True),
    _ref("conversation_id", "conversation"),
    Column("name_blind", LargeBinary),
    Column("draft_until_on", Date),
    Column("made_at", Instant, nullable=False),
    # Her other receipt, whose code says the same since two conversations of hers became one.
    Column("joined_to_id", BigInteger),
    Index("ix_receipt_conversation_id", "conversation_id"),
)

# --- cases: what a body handles --------------------------------------------------------------

case_file = Table(
    "case_file",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("code", String(8), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("is_live", Boolean, nullable=False),
    _ref("enterprise_id", "enterprise", null=True),
    _ref("body_id", "body"),
    _ref("conversation_id", "conversation", null=True),
    _ref("cdcs_id", "body", null=True),
    Column("wants_cdcs", Boolean, nullable=False, server_default=text("false")),
    _ref("officer_id", "officer", null=True),
    Column("taken_at", Instant),
    Column("opened_at", Instant, nullable=False),
    Column("ready_at", Instant),
    Column("due_on", Date),
    Column("sent_at", Instant),
    Column("answered_at", Instant),
    Column("congress_at", Instant),
    Column("congress_place_sealed", LargeBinary),
    Column("decision_no", Text),
    Column("decision_on", Date),
    Column("reason_sealed", LargeBinary),
    Column("escalated_at", Instant),
    Column("late_told_at", Instant),
    Column("is_urgent", Boolean, nullable=False, server_default=text("false")),
    Column("about", String(16)),
    Column("text_sealed", LargeBinary),
    Column("call_sealed", LargeBinary),
    Column("counted", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="0"),
    _is("kind", "join", "petition", "request"),
    Index(
        "ix_case_file_one_live_petition",
        "enterprise_id",
        unique=True,
        sqlite_where=text("kind = 'petition' and is_live"),
        postgresql_where=text("kind = 'petition' and is_live"),
    ),
    Index("ix_case_file_body_id_is_live", "body_id", "is_live"),
    Index("ix_case_file_conversation_id", "conversation_id"),
    Index("ix_case_file_officer_id", "officer_id"),
)

signature = Table(
    "signature",
    metadata,
    _id(),
    _ref("case_id", "case_file"),
    _ref("person_id", "person"),
    _ref("conversation_id", "conversation"),
    _ref("receipt_id", "receipt"),
    _ref("consent_id", "consent"),
    Column("state", String(16), nullable=False),
    Column("is_foreign", Boolean, nullable=False),
    Column("known", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
    Column("withdraw_asked_at", Instant),
    _is("state", "valid", "withdrawn", "set_aside"),
    _is("known", "verified", "claimed", "none"),
    UniqueConstraint("case_id", "person_id"),
    Index("ix_signature_conversation_id", "conversation_id"),
    Index("ix_signature_receipt_id", "receipt_id"),
    # Counting reads this and no row.
    Index("ix_signature_case_id_counted", "case_id", "state", "is_foreign", "known"),
)

signed_text = Table(
    "signed_text",
    metadata,
    _id(),
    _ref("signature_id", "signature"),
    Column("version", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Index("ix_signed_text_signature_id", "signature_id"),
)

band = Table(
    "band",
    metadata,
    Column("case_id", BigInteger, ForeignKey("case_file.id"), primary_key=True),
    Column("counted_on", Date, nullable=False),
    Column("low", Integer, nullable=False),
    Column("is_enough", Boolean, nullable=False),
    Column("enough_told_on", Date),
)

committee_member = Table(
    "committee_member",
    metadata,
    _id(),
    _ref("case_id", "case_file"),
    _ref("conversation_id", "conversation"),
    Column("state", String(16), nullable=False),
    Column("changed_at", Instant, nullable=False),
    _is("state", "offered", "invited", "accepted", "declined", "left"),
    UniqueConstraint("case_id", "conversation_id"),
    Index("ix_committee_member_conversation_id", "conversation_id"),
)

news = Table(
    "news",
    metadata,
    _id(),
    _ref("conversation_id", "conversation"),
    _ref("case_id", "case_file", null=True),
    Column("key", String(64), nullable=False),
    Column("facts_sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("opened_at", Instant),
    Index("ix_news_conversation_id", "conversation_id"),
)

# --- officers --------------------------------------------------------------------------------

officer = Table(
    "officer",
    metadata,
    _id(),
    _ref("conversation_id", "conversation"),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("digest_hour", Integer, nullable=False, server_default="8"),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("conversation_id"),
)

officer_role = Table(
    "officer_role",
    metadata,
    _id(),
    _ref("officer_id", "officer"),
    _ref("body_id", "body"),
    Column("role", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("since_at", Instant, nullable=False),
    Column("ended_at", Instant),
    _is("role", "receives", "checks", "signs"),
    _is("state", "active", "suspended", "revoked"),
    Index("ix_officer_role_body_id", "body_id"),
    Index("ix_officer_role_officer_id", "officer_id"),
)

invitation = Table(
    "invitation",
    metadata,
    _id(),
    Column("code_blind", LargeBinary, nullable=False, unique=True),
    _ref("body_id", "body"),
    Column("role", String(16), nullable=False),
    Column("name_sealed", LargeBinary),
    Column("inviter_sealed", LargeBinary),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    _ref("officer_id", "officer", null=True),
)

link = Table(
    "link",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("token_blind", LargeBinary, nullable=False, unique=True),
    _ref("conversation_id", "conversation"),
    _ref("officer_id", "officer", null=True),
    _ref("case_id", "case_file", null=True),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("opened_at", Instant),
    # The browser that opened it first: an index of its cookie. Nothing: nobody is bound yet.
    Column("opened_by", LargeBinary),
    Column("used_at", Instant),
    Index("ix_link_conversation_id", "conversation_id"),
    Index("ix_link_expires_at", "expires_at"),
)

# An arrival code, from a poster's page to a channel that is not told where somebody comes
# from. Used up, it forgets where it led; nothing says who used it.
arrival_code = Table(
    "arrival_code",
    metadata,
    _id(),
    Column("code_blind", LargeBinary, nullable=False, unique=True),
    # The page that asked for it: asked again, it is the same code.
    Column("asked_blind", LargeBinary, nullable=False, unique=True),
    _ref("poster_id", "poster", null=True),
    Column("language", String(8), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_arrival_code_expires_at", "expires_at"),
)

# Append only. `chain` is the place of the hash that will make it tamper-evident.
ledger = Table(
    "ledger",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("act", String(32), nullable=False),
    _ref("case_id", "case_file", null=True),
    _ref("officer_id", "officer", null=True),
    _ref("body_id", "body", null=True),
    _ref("enterprise_id", "enterprise", null=True),
    Column("facts", JSON, nullable=False),
    Column("chain", LargeBinary),
    Index("ix_ledger_case_id", "case_id"),
    Index("ix_ledger_officer_id", "officer_id"),
)

# --- what came in, what goes out, what time has done -----------------------------------------

inbox = Table(
    "inbox",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("event_id", String(128), primary_key=True),
    Column("id", BigInteger, nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("heard_at", Instant, nullable=False),
    Column("event_sealed", LargeBinary),
    Column("error", Text),
    _is("state", "heard", "failed", "replayed"),
    Index("ix_inbox_heard_at", "heard_at"),
    _part("ix_inbox_failed", "state = 'failed'", "id"),
)

letter = Table(
    "letter",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),
    _ref("conversation_id", "conversation"),
    Column("channel", String(16), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("if_unsure", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reply_sealed", LargeBinary),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("made_at", Instant, nullable=False),
    Column("not_before_at", Instant, nullable=False),
    Column("put_off_at", Instant),
    Column("leased_until_at", Instant),
    Column("lease", String(32)),
    Column("ended_at", Instant),
    Column("sent_ref", String(128)),
    Column("error", String(64)),
    # Goes as a neutral message of its own kind, which costs, and needs no window.
    Column("is_template", Boolean, nullable=False, server_default=text("false")),
    _is("lane", "talk", "campaign"),
    _is("if_unsure", "resend", "hold"),
    _is("state", "waiting", "claimed", "sent", "held", "dead", "gone", "shut", "echo"),
    Index("ix_letter_conversation_id_id", "conversation_id", "id"),
    # What the sender looks for stays small however many letters have ended.
    _part("ix_letter_to_send", "state = 'waiting'", "channel", "lane", "not_before_at", "id"),
    _part("ix_letter_in_line", OPEN, "conversation_id", "state", "id"),
    _part("ix_letter_in_hand", "state = 'claimed'", "leased_until_at"),
    _part("ix_letter_stuck", "state in ('dead', 'held')", "channel", "state"),
    _part("ix_letter_shut", "state = 'shut'", "ended_at"),
    Index("ix_letter_channel_ended_at", "channel", "ended_at"),
)

# What the letters of an account have cost in a month, in đồng: counted in the claim of each.
spending = Table(
    "spending",
    metadata,
    Column("account", String(16), primary_key=True),
    Column("month_on", Date, primary_key=True),
    Column("spent", BigInteger, nullable=False),
    Column("letters", Integer, nullable=False),
)

# How fast an account (one bot on one channel) may speak, and until when it must be silent.
pace = Table(
    "pace",
    metadata,
    Column("account", String(16), primary_key=True),
    Column("next_free_at", Instant),
    Column("slack_ms", Integer, nullable=False, server_default="0"),
    Column("halted_at", Instant),
    Column("halted_until_at", Instant),
)

# Where a platform hands out tokens that end: the pair by which we speak for an account. A new one
# is had by means of the old one, once: `lease` says who is fetching it, `begun_at` and
# `begun_blind` (an index of the token it began with) are written before the call, so that whoever
# dies in it leaves a trace. `unsure` counts calls with this pair whose end nobody knows, `failed`
# those that certainly changed nothing. `previous_sealed` and `answer_sealed` are for who must find
# out what became of a lost pair.
channel_token = Table(
    "channel_token",
    metadata,
    _id(),
    Column("account", String(16), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("source", String(16), nullable=False),
    Column("access_sealed", LargeBinary, nullable=False),
    Column("refresh_sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("life_seconds", Integer, nullable=False),
    Column("previous_sealed", LargeBinary),
    Column("answer_sealed", LargeBinary),
    Column("lease", String(32)),
    Column("begun_at", Instant),
    Column("begun_blind", LargeBinary),
    Column("unsure", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("put_off_at", Instant),
    Column("not_before_at", Instant),
    Column("trouble", String(64)),
    Column("trouble_at", Instant),
    _is("source", "settings", "consent", "refresh"),
)

round_done = Table(
    "round_done",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("slot", String(32), primary_key=True),
    Column("done_at", Instant, nullable=False),
)
