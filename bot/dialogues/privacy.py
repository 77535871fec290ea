"""What we keep of her: the same list for everybody in the chat, the contents on a page."""

import json

from bot.dialogue import on_form, opens_on
from bot.dialogues import details, standing
from bot.dialogues.afterwards import PAGE_MINUTES
from bot.dialogues.kept import sections
from bot.dialogues.one_time import link_of, opens_link, send_link
from bot.dialogues.wish import DRAFT
from bot.dialogues.withdrawal import take_names_back
from bot.turn import Turn
from storage.links import Link

_YES = frozenset({"yes", "on", "1", "true"})


@opens_on("mine")
def mine(turn: Turn) -> None:
    """Show what she may do about what we keep."""
    turn.say("privacy-menu?", ["see-kept", "change-consent", "news", "erase", "menu"])


@opens_on("see-kept")
def see_kept(turn: Turn) -> None:
    """Name the kinds of what is kept, in the same words for everybody."""
    turn.say("privacy-kept?", ["open-private", "download-mine", "erase", "joining", "mine"])


# --- the page with everything --------------------------------------------------------------------


@opens_on("open-private", "download-mine")
def open_private(turn: Turn) -> None:
    """Send a link to a page with all that is kept, to read and to download."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    turn.memory["page"] = "open-private"
    send_link(turn, "mine", "private-page-link", PAGE_MINUTES)


@opens_link("mine")
def show_mine(turn: Turn, link: Link) -> None:
    """Show all that is kept; in a chat locked or shared meanwhile, nothing."""
    del link
    if standing.needs_code(turn):
        turn.show("expired")
    else:
        turn.show("mine", token=turn.fields["token"], sections=sections(turn))


@on_form("mine-download")
def download_mine(turn: Turn) -> None:
    """Hand all that is kept over as JSON."""
    if link_of(turn, "mine") is None or standing.needs_code(turn):
        turn.show("expired")
        return
    whole = {"made_at": turn.now.isoformat(), "sections": sections(turn)}
    turn.show("mine-file", text=json.dumps(whole, ensure_ascii=False, indent=2))


# --- A, B and C ----------------------------------------------------------------------------------


@opens_on("change-consent")
def change_consent(turn: Turn) -> None:
    """Send a link to the page where she changes her answers."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    turn.memory["page"] = "change-consent"
    send_link(turn, "consents", "privacy-consents?", PAGE_MINUTES)


@opens_link("consents")
def show_consents(turn: Turn, link: Link) -> None:
    """Show B and C as they stand; in a chat locked or shared meanwhile, nothing."""
    del link
    if standing.needs_code(turn):
        turn.show("expired")
        return
    agreed = turn.store.people.agreed(turn.conversation.id)
    turn.show(
        "consents",
        token=turn.fields["token"],
        contact=any(one.contact for one in agreed),
        statistics=any(one.statistics for one in agreed),
    )


@on_form("consents-page")
def save_consents(turn: Turn) -> None:
    """Keep her answers; without A her names are taken back and the consents end."""
    link = link_of(turn, "consents")
    if link is None or standing.needs_code(turn):
        turn.show("expired")
        return
    people, here = turn.store.people, turn.conversation.id
    turn.store.links.use_up(link.id)
    if _is_yes(turn, "handling"):
        people.change_consents(
            here, contact=_is_yes(turn, "contact"), statistics=_is_yes(turn, "statistics")
        )
    elif take_names_back(turn):
        people.change_consents(here, contact=_is_yes(turn, "contact"), statistics=False)
    else:
        people.end_consents(here)
    turn.show("consents-done", time=turn.now, today=turn.today)


def _is_yes(turn: Turn, field: str) -> bool:
    return turn.fields.get(field, "").casefold() in _YES


# --- drafts --------------------------------------------------------------------------------------


@opens_on("delete-now")
def delete_now(turn: Turn) -> None:
    """Wipe what was put off."""
    turn.store.people.end_drafts(turn.conversation.id)
    turn.memory.pop(DRAFT, None)
    turn.say("cancel-done?", ["menu"])
