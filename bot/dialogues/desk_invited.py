"""An invitation is typed in any channel, accepted once, and makes this chat a desk."""

from functools import partial

from bot.dialogue import Act, answers, reads_text, step
from bot.dialogues.desk_rights import above_named, body_named
from bot.turn import Turn
from storage.officers import INVITATION_LENGTH, Invitation
from union.answers import full_name
from union.codes import normal
from union.refusals import Unclear


@reads_text
def read_invitation(turn: Turn) -> Act | None:
    """Recognise an invitation among typed lines; used, expired, revoked and wrong read alike."""
    known = turn.store.officers.invitation(turn.text)
    if known is not None:
        return partial(show, invited=known)
    if not turn.conversation.step and _looks_meant(turn.text):
        return _refuse
    return None


def _looks_meant(text: str) -> bool:
    """Whether a line is surely meant as an invitation: words can have the form of one."""
    is_code = normal(text, INVITATION_LENGTH) is not None and text.isascii()
    return is_code and any(char.isdigit() for char in text) and not text.isdigit()


def _refuse(turn: Turn) -> None:
    turn.say("desk-invite-unclear", ["menu", "person"])


def show(turn: Turn, invited: Invitation) -> None:
    """Say who invites to what, and ask."""
    turn.done()
    turn.memory["invitation"] = invited.id
    turn.ask(
        "desk-invited?",
        then=decide,
        choices=["accept-role", "decline-role"],
        role=turn.words(f"role-{invited.role}"),
        body=body_named(turn, invited.body_id),
        inviter=invited.inviter or turn.words("operator-inviter"),
    )


@step
def decide(turn: Turn) -> None:
    """Take the role, or leave the invitation for whom it is meant."""
    if turn.choice == "decline-role":
        turn.done()
        turn.say("desk-declined", ["menu"])
        return
    if turn.choice != "accept-role":
        raise Unclear("error-choose?")
    invited = turn.store.officers.invitation_by_id(int(turn.memory["invitation"]))
    known = turn.store.officers.at(turn.conversation.id, ("active", "suspended", "revoked"))
    if invited is not None and not invited.name and known is None:
        turn.ask("desk-your-name?", then=named, body=body_named(turn, invited.body_id))
        return
    _accept(turn, invited, invited.name if invited else "")


@step
@answers("name-is-right")
def named(turn: Turn) -> None:
    """Read the name that colleagues will see."""
    if turn.choice == "name-is-right":
        name = full_name(str(turn.memory.get("name", "")), short_is_right=True)
    else:
        turn.memory["name"] = turn.text[:200]
        name = _name_or_ask(turn)
    if name:
        invited = turn.store.officers.invitation_by_id(int(turn.memory["invitation"]))
        _accept(turn, invited, name)


def _name_or_ask(turn: Turn) -> str:
    """Return the name; a short one is asked about, and the question keeps what was typed."""
    try:
        return full_name(turn.text)
    except Unclear as why:
        if why.key != "error-name-short?":
            raise
    turn.ask("error-name-short?", then=named, choices=["name-is-right"])
    return ""


def _accept(turn: Turn, invited: Invitation | None, name: str) -> None:
    if invited is None:
        turn.done()
        _refuse(turn)
        return
    officer = turn.store.officers.accept(invited, turn.conversation.id, name)
    turn.store.ledger.write(
        "role_accepted", officer_id=officer.id, body_id=invited.body_id, role=invited.role
    )
    turn.done()
    turn.say(
        "desk-joined",
        ["desk-queue", "desk-digest-hour"],
        time=turn.now,
        today=turn.today,
        role=turn.words(f"role-{invited.role}"),
        body=body_named(turn, invited.body_id),
        digest_hour=f"{officer.digest_hour:02}:00",
        upper=above_named(turn, invited.body_id),
    )
