"""The program and a small model agree whatever people do; ten planted bugs are each noticed."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from model import SigningMachine
from stores import Founded

from bot import casework, payloads
from bot.words import Words
from storage.cases import Cases
from storage.conversations import Conversations
from storage.inbox import Inbox
from storage.officers import Officers
from storage.people import People
from storage.signatures import Signatures
from union import petitions


def machine(founded: Founded, words: Words) -> type[SigningMachine]:
    """Return the machine, with a town to copy."""
    return type("Machine", (SigningMachine,), {"founded": founded, "words": words})


def how(runs: int, *, phases: tuple[Phase, ...] = tuple(Phase)) -> settings:
    """Return settings of so many runs of 40 steps."""
    return settings(
        max_examples=runs,
        stateful_step_count=40,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


# The rules are the same on both stores; what PostgreSQL might do otherwise shows in fewer runs.
RUNS = {"sqlite": 30, "postgresql": 10}


def test_the_program_agrees_with_the_model(founded, words, store) -> None:
    """Some runs of 40 steps: sign, withdraw, repeat, reorder, two names, revoke, restart."""
    run_state_machine_as_test(machine(founded, words), settings=how(RUNS[store.name]))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_program_agrees_with_the_model_for_long(founded, words, store) -> None:
    """Twenty times as many."""
    runs = int(os.environ.get("KETDOAN_RUNS", str(20 * RUNS[store.name])))
    run_state_machine_as_test(machine(founded, words), settings=how(runs))


# --- ten bugs that must be noticed ------------------------------------------------------------------


def a_repeat_counts_twice(patch) -> None:
    real = People.keep

    def keep(self, conversation_id, name, phone, known):
        made = real(self, conversation_id, name, phone, known)
        self._change(
            __import__("storage.tables", fromlist=["person"]).person,
            made.id,
            name_blind=os.urandom(32),
        )
        return made

    patch.setattr(People, "keep", keep)


def taking_back_does_nothing(patch) -> None:
    patch.setattr(Signatures, "withdraw", lambda self, row_id: None)


def ready_never_falls_back(patch) -> None:
    real = petitions.after_count
    patch.setattr(
        petitions,
        "after_count",
        lambda state, counted, needed: (
            "ready" if state == "ready" else real(state, counted, needed)
        ),
    )


def foreigners_count(patch) -> None:
    real = Signatures.facts

    def facts(self, case_id):
        from dataclasses import replace

        return [replace(one, foreign=False) for one in real(self, case_id)]

    patch.setattr(Signatures, "facts", facts)


def an_event_is_heard_twice(patch) -> None:
    real = Inbox.is_first_time

    def is_first_time(self, channel, event_id) -> bool:
        real(self, channel, event_id)
        return True

    patch.setattr(Inbox, "is_first_time", is_first_time)


def an_address_withdraws_for_others(patch) -> None:
    real = Signatures.at

    def at(self, conversation_id):
        mine = real(self, conversation_id)
        return [one for case in {two.case_id for two in mine} for one in self.of_case(case)]

    patch.setattr(Signatures, "at", at)


def a_revoked_officer_goes_on(patch) -> None:
    def set_state(self, officer_id, body_id, role, state) -> int:
        return 0

    patch.setattr(Officers, "set_state", set_state)


def a_button_serves_everybody(patch) -> None:
    def mark(keys, conversation_id, body) -> str:
        return "same"

    patch.setattr(payloads, "_mark", mark)


def what_was_set_aside_counts(patch) -> None:
    patch.setattr(Signatures, "set_aside", lambda self, row_id: None)


def enough_is_told_every_day(patch) -> None:
    patch.setattr(Cases, "enough_was_told", lambda self, case_id: None)


def a_count_is_kept_by_adding(patch) -> None:
    real = casework.recount

    def recount(mail, case):
        before = mail.store.cases.by_id(case.id).counted
        after = real(mail, case)
        if after.counted == before:
            return mail.store.cases.change(after, counted=before + 1)
        return after

    patch.setattr(casework, "recount", recount)


def the_talk_is_forgotten(patch) -> None:
    real = Conversations.remember

    def remember(self, known) -> None:
        known.memory.pop("trail", None)
        known.memory.pop("offered", None)
        real(self, known)

    patch.setattr(Conversations, "remember", remember)


BUGS = [
    a_repeat_counts_twice,
    taking_back_does_nothing,
    ready_never_falls_back,
    foreigners_count,
    an_event_is_heard_twice,
    an_address_withdraws_for_others,
    a_revoked_officer_goes_on,
    a_button_serves_everybody,
    what_was_set_aside_counts,
    enough_is_told_every_day,
    a_count_is_kept_by_adding,
    the_talk_is_forgotten,
]


# So many are planted each time; all of them where there is more of it.
QUICKLY = 4


@pytest.mark.store("sqlite", reason="how sharp the machine is does not depend on the store")
@pytest.mark.parametrize(
    "bug",
    [*BUGS[:QUICKLY], *(pytest.param(one, marks=pytest.mark.long) for one in BUGS[QUICKLY:])],
    ids=lambda one: one.__name__,
)
def test_a_planted_bug_is_noticed(bug, founded, words, monkeypatch) -> None:
    """With this bug in the program the machine fails."""
    bug(monkeypatch)
    with pytest.raises(BaseException) as noticed:  # noqa: PT011 -- an assertion, or a group of them
        run_state_machine_as_test(
            machine(founded, words), settings=how(200, phases=(Phase.generate,))
        )
    assert not isinstance(noticed.value, KeyboardInterrupt)
