"""Texts that are decided at once, without a node: each is a request that opens and closes."""

from __future__ import annotations

from dialog.events import HELP, START, STOP
from dialog.outcomes import SUCCEEDED, outcome_of
from dialog.turn import Opted, RequestClosed, RequestOpened
from nodes.step import Step

_WORDS = {HELP: "help", STOP: "stopped", START: "started"}


def decide(step: Step, leaf: str, keyword: str, reason: str = "", kind: str = "none") -> None:
    """Notes what became of a text: `reason`, or that it succeeded."""
    request = f"{step.session.id}.{step.n}"
    step.facts.append(RequestOpened(request, leaf, leaf, kind, "", keyword))
    outcome, why = outcome_of(reason or SUCCEEDED)
    step.facts.append(RequestClosed(request, outcome, why))


def refuse(step: Step, keyword: str, reason: str, word: str = "", menu: str = "") -> None:
    """Ends a dialogue with a text that can't be run; `word` says so in words of its own.

    `menu`: the list that it asked for, "" when it leads nowhere.
    """
    decide(step, menu or "none", keyword, reason, "message" if menu else "none")
    if word:
        step.word(word)
    else:
        step.say(step.model.outcomes[reason])
    step.end("done")


def system_word(step: Step, word: str, *, answered: bool) -> None:
    """STOP, START or HELP. Where the link has `answered` it no second answer is sent."""
    if word != HELP:
        step.facts.append(Opted(word))
    decide(step, word, word)
    if not answered:
        step.word(_WORDS[word])
    step.end("done")
