"""What is kept of somebody, whole and readable: for her eyes, on a page, from her own address."""

from typing import TypedDict

from bot.dialogues import standing
from bot.dialogues.joining import channel_named
from bot.dialogues.wish import draft_of
from bot.one_person import others_of
from bot.turn import Turn
from storage.people import Person
from storage.signatures import Signature


class Section(TypedDict):
    """One kind of what is kept, with what there is of it."""

    title: str
    lines: list[str]


def sections(turn: Turn) -> list[Section]:
    """Return everything that is kept of who asks; of others who share the address, nothing."""
    signed = _signed(turn)
    people = _people(turn, signed)
    found = {
        "page-kept-place": _place(turn),
        "page-kept-name": [one.name for one in people] + _draft(turn, "name"),
        "page-kept-phone": [one.phone for one in people if one.phone] + _draft(turn, "phone"),
        "page-kept-words": [_words_of(turn, one) for one in signed],
        "page-kept-opening": [_opened(turn, one) for one in signed],
        "page-kept-consent": _consents(turn, signed),
        "page-kept-questions": _questions(turn),
        "page-kept-settings": _settings(turn),
    }
    none = turn.words("page-kept-none")
    return [
        Section(title=turn.words(f"{key}"), lines=lines or [none]) for key, lines in found.items()
    ]


def _signed(turn: Turn) -> list[Signature]:
    receipt = standing.my_receipt(turn)
    return turn.store.signatures.by_receipt(receipt.id) if receipt else []


def _people(turn: Turn, signed: list[Signature]) -> list[Person]:
    mine = {one.person_id for one in signed}
    return [one for one in turn.store.people.at(turn.conversation.id) if one.id in mine]


def _draft(turn: Turn, field: str) -> list[str]:
    draft = draft_of(turn)
    value = str(getattr(draft, field)) if draft else ""
    return [value] if value else []


def _place(turn: Turn) -> list[str]:
    enterprise = turn.enterprise
    return [", ".join(filter(None, [enterprise.name, enterprise.where]))] if enterprise else []


def _words_of(turn: Turn, one: Signature) -> str:
    text = turn.store.signatures.newest_text(one.id)
    if text is None:
        return turn.words("page-kept-none")
    return turn.words(
        "page-kept-words-line",
        text=text.text or turn.words("page-kept-wiped"),
        version=text.version,
        day=standing.day_of(text.signed_at),
        hour=text.signed_at,
        code=one.code,
        fingerprint=text.fingerprint,
        state=turn.words(f"page-kept-{one.state.replace('_', '-')}"),
    )


def _opened(turn: Turn, one: Signature) -> str:
    acts = turn.store.ledger.of_case(one.case_id)
    times = sum(entry.act == "names_opened" and entry.at >= one.signed_at for entry in acts)
    return turn.words("page-kept-opened", times=times)


def _consents(turn: Turn, signed: list[Signature]) -> list[str]:
    mine = {one.consent_id for one in signed}
    return [
        turn.words(
            "page-kept-consent-line",
            version=one.version,
            day=standing.day_of(one.given_at),
            a=_yes(turn, is_yes=one.handling),
            b=_yes(turn, is_yes=one.contact),
            c=_yes(turn, is_yes=one.statistics),
        )
        for one in turn.store.people.agreed(turn.conversation.id)
        if one.id in mine
    ]


def _questions(turn: Turn) -> list[str]:
    asked = turn.store.cases.requests_of(turn.conversation.id)
    return [
        turn.words(
            "page-kept-question-line",
            code=one.code,
            day=standing.day_of(one.opened_at),
            text=" · ".join(filter(None, [one.text, one.call.strip("-")]))
            or turn.words("page-kept-wiped"),
        )
        for one in asked
    ]


def _settings(turn: Turn) -> list[str]:
    here = turn.conversation
    return [
        turn.words("page-kept-locked", answer=_yes(turn, is_yes=here.is_locked)),
        turn.words("page-kept-news", answer=_yes(turn, is_yes=bool(here.wants_news))),
        turn.words("page-kept-stopped", answer=_yes(turn, is_yes=here.stopped_all_at is not None)),
        *(turn.words("page-kept-joined", place=one) for one in _joined(turn)),
    ]


def _joined(turn: Turn) -> list[str]:
    return [channel_named(turn, one.channel) for one in others_of(turn)]


def _yes(turn: Turn, *, is_yes: bool) -> str:
    return turn.words("page-kept-yes" if is_yes else "page-kept-no")
