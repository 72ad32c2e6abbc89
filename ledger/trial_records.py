"""The rows of trials: two menus versions served at once. As in `records`, a class is a table."""

from __future__ import annotations

from typing import NamedTuple

CONTROL = "control"
CANDIDATE = "candidate"


class Trial(NamedTuple):
    """Two versions served at once. Key: id; it runs until it has its TrialEnd."""

    id: str
    at: int
    control: str  # digest
    candidate: str  # digest
    share: int  # percent of the subscribers that get the candidate
    salt: str
    traffic: str  # the one kind that takes part
    days: int  # planned
    expect: int  # the change of failures that is hoped for, in percent of today's: -66
    author: str
    note: str


STOPPED = "stopped"
HARM = "harm:"
"""Before the guard that ended a trial."""
ADOPTED = "adopted"
EDITED = "edited"
FINISHED = "finished"


class TrialEnd(NamedTuple):
    """A trial is over. Key: trial; a later one is dropped.

    `reason` is STOPPED | HARM + a guard | ADOPTED | EDITED (another version became the serving
    one) | FINISHED; `figures` what it was decided on: JSON, arm -> counts.Exposed.
    """

    trial: str
    at: int
    reason: str
    author: str
    note: str
    figures: str


class TrialEntry(NamedTuple):
    """A subscriber's first dialogue in a trial. Key: trial, subscriber; a later one is dropped."""

    trial: str
    subscriber: str  # the calling number's pseudonym: known with and without a profile
    arm: str
    at: int
    session: str


class TrialMark(NamedTuple):
    """A subscriber's first event of a guard. Key: trial, subscriber, guard; later ones are dropped.

    So is one of a dialogue that began before the entry's. `arm` is the entry's.
    """

    trial: str
    subscriber: str
    guard: str  # failure | opt_out | repeat
    arm: str
    at: int
    session: str


NO_TOPIC = ""
"""In a leaf's place: what the subscriber wanted did not become known."""


class TrialTopic(NamedTuple):
    """What a subscriber of a trial asked for. Key: all fields; the same again is dropped.

    With the same of another dialogue in the 24 hours before it is a repeat contact and gets its
    mark; NO_TOPIC is the same as any.
    """

    trial: str
    subscriber: str
    leaf: str  # NO_TOPIC when the dialogue came to none
    at: int
    session: str


TrialRow = Trial | TrialEnd | TrialEntry | TrialMark | TrialTopic
