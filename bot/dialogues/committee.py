"""The organising committee (ban vận động): offered to all alike, by invitation, in bands."""

from bot import casework
from bot.dialogue import opens_on, step
from bot.dialogues import standing
from bot.dialogues.afterwards import share, share_address
from bot.dialogues.menu import go_on, leave
from bot.turn import Turn
from storage.cases import Case
from union.refusals import Unclear

STEPS = 6
# How far a petition is, as the committee counts; what stands behind it is told by the daily run.
_STEP_OF = {
    "open": 1,
    "ready": 2,
    "taken": 2,
    "guided": 4,
    "checked": 5,
    "returned": 5,
    "recognised": 6,
}
_TASKS = {
    1: ("committee-task-meet", "committee-task-form"),
    2: ("committee-task-meet", "committee-task-head", "committee-task-form"),
    4: ("committee-task-sign", "committee-task-congress"),
    5: ("committee-task-dossier",),
    6: ("committee-task-meet",),
}


# --- offering to help ----------------------------------------------------------------------------


@opens_on("help-organise")
def offer(turn: Turn) -> None:
    """Say the risk first, then ask."""
    turn.ask("committee-offer?", then=take_offer, choices=["offer-yes", "no", "person"])


@step
def take_offer(turn: Turn) -> None:
    """Note an offer with her petition; where she has none, the words are the same."""
    if turn.choice not in ("offer-yes", "no"):
        raise Unclear("error-choose?")
    turn.hide()
    leave(turn, "committee")
    if turn.choice == "no":
        turn.say("committee-declined")
    else:
        for case in _petitions(turn):
            if turn.store.cases.committee_state(case.id, turn.conversation.id) in (
                None,
                "declined",
                "left",
            ):
                _set(turn, case, "offered")
        turn.say("committee-offer-recorded")
    go_on(turn)


def _petitions(turn: Turn) -> list[Case]:
    signed = turn.store.signatures.at(turn.conversation.id)
    ids = dict.fromkeys(one.case_id for one in signed if one.state == "valid")
    found = [turn.store.cases.by_id(one) for one in ids]
    return [one for one in found if one.kind == "petition" and one.is_live]


def _set(turn: Turn, case: Case, state: str) -> None:
    turn.store.cases.set_committee_state(case.id, turn.conversation.id, state)
    # Who it was is nobody's business: the ledger counts seats.
    turn.store.ledger.write(f"committee_{state}", case_id=case.id, body_id=case.body_id)


# --- being invited -------------------------------------------------------------------------------


@opens_on("committee-yes", "committee-no")
def answer_invitation(turn: Turn) -> None:
    """Accept or decline; nobody is told who invited or who declined."""
    turn.hide()
    invited = _mine(turn, "invited")
    state = "accepted" if turn.choice == "committee-yes" else "declined"
    for case in invited:
        _set(turn, case, state)
    if state == "declined":
        turn.say("committee-declined")
    elif invited or _mine(turn, "accepted"):
        turn.say("committee-accepted", ["committee-link", "committee-progress", "committee-next"])
    else:
        _not_yet(turn)


def _mine(turn: Turn, state: str) -> list[Case]:
    """Return the live petitions with whose committee somebody here stands so."""
    known = turn.store.cases.committees_of(turn.conversation.id)
    found = [turn.store.cases.by_id(case_id) for case_id, stands in known if stands == state]
    return [one for one in found if one.is_live]


def _not_yet(turn: Turn) -> None:
    turn.say("committee-not-yet", ["status", "menu"])


@opens_on("leave-committee")
def leave_committee(turn: Turn) -> None:
    """Leave; the name that was put down stays. The words are the same for everybody."""
    for case_id, state in turn.store.cases.committees_of(turn.conversation.id):
        if state in ("offered", "invited", "accepted"):
            _set(turn, turn.store.cases.by_id(case_id), "left")
    turn.say("committee-left", ["menu"])


# --- what a member sees --------------------------------------------------------------------------


def _as_member(turn: Turn) -> Case | None:
    """Return the petition whose committee she is in; None after saying that it is for members."""
    found = _mine(turn, "accepted")
    if not found or standing.needs_code(turn):
        _not_yet(turn)
        return None
    return found[-1]


def _step_of(turn: Turn, case: Case) -> int:
    if case.state in ("ready", "taken") and not standing.is_told(turn.store, case):
        return 1
    return _STEP_OF.get(case.state, 1)


@opens_on("progress", "committee-progress")
def progress(turn: Turn) -> None:
    """Tell a member how far it is: people in bands as of this morning, and the step."""
    case = _as_member(turn)
    if case is None:
        return
    number = _step_of(turn, case)
    band = turn.store.cases.band(case.id)
    turn.say(
        "committee-progress?",
        ["committee-next", "committee-link", "person"],
        today=band.counted_on if band else turn.today,
        band=turn.words(casework.band_key(turn.store, case.id)),
        step_no=number,
        step_total=STEPS,
        step=turn.words(f"committee-step-{number}"),
        next_step=turn.words(f"committee-step-{min(number + 1, STEPS)}"),
    )


@opens_on("committee-next")
def next_tasks(turn: Turn) -> None:
    """Tell a member what there is to do now."""
    case = _as_member(turn)
    if case is None:
        return
    tasks = _TASKS.get(_step_of(turn, case), ())
    lines = [
        turn.words("list-line", n=n, text=turn.words(f"{task}")) for n, task in enumerate(tasks, 1)
    ]
    turn.say("committee-todo", ["person", "committee-progress"], list="\n".join(lines))


# --- the link ------------------------------------------------------------------------------------


@opens_on("committee-link", "invite-link")
def committee_link(turn: Turn) -> None:
    """Give a member the link to pass on; anybody else gets the page that everyone may share.

    On a locked or shared phone a member is anybody else: who holds it learns nothing.
    """
    members_of = _mine(turn, "accepted")
    if not members_of or standing.needs_code(turn):
        share(turn)
        return
    address = share_address(turn, members_of[-1].enterprise_id)
    turn.say("committee-link", ["committee-progress", "menu"], link=address)


@opens_on("change-link")
def change_link(turn: Turn) -> None:
    """Let the old link open the common page only, and give a fresh one."""
    members_of = _mine(turn, "accepted")
    if not members_of or standing.needs_code(turn):
        _not_yet(turn)
        return
    enterprise_id = members_of[-1].enterprise_id
    turn.store.posters.revoke(turn.store.posters.share_of(enterprise_id).id)
    turn.store.ledger.write("link_changed", case_id=members_of[-1].id, enterprise_id=enterprise_id)
    address = share_address(turn, enterprise_id)
    turn.say("committee-new-link", ["committee-progress", "menu"], link=address)
