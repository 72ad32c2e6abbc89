"""What the tests of trials share: a candidate of the shipped menus, and numbers of each arm.

The candidate has the bills under key 5 of the main menu, where the control has them under 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count, islice

from house_case import Caller, Rig, site

from dialog.events import TextReceived
from dialog.host import Delivery
from dialog.outcomes import FAILED, outcome_of
from dialog.session import NETWORK, TEXT, Origin
from hotline import trials
from hotline.ids import uuid7
from hotline.trials import Candidate, Plan
from ledger import records
from ledger.ledger import Ledger
from ledger.trial_records import CANDIDATE, CONTROL, Trial, TrialEntry, TrialMark
from menus.loader import Sources, load_sources
from tuning.split import arm_of

CHANGE = ('{key: "1", label: label_charges,', '{key: "5", label: label_charges,')
KEY = {CONTROL: "1", CANDIDATE: "5"}
"""The key of the bills, by arm."""


@cache
def candidate() -> Candidate:
    """The shipped menus with one key changed."""
    sources = dict(site()[0])
    assert CHANGE[0] in sources["menus.yaml"]
    sources["menus.yaml"] = sources["menus.yaml"].replace(*CHANGE)
    model, _ = load_sources(sources)
    assert model is not None
    return Candidate(Sources(sources), model, [])


def begin(
    rig: Rig, *, share: int = 50, days: int = 31, traffic: str = "real", salt: str = "5a17"
) -> Trial:
    """A trial of the candidate begins now."""
    at = rig.now()
    plan = Plan(share, days, -66, traffic, "ops", "a try")
    return trials.start(
        rig.ledger, rig.versions, candidate(), plan, at=at, trial=uuid7(at), salt=salt
    )


def numbers(rig: Rig, trial: Trial, arm: str) -> Iterator[str]:
    """Numbers that are drawn for an arm."""
    for n in count():
        number = f"138001{n:05d}"
        if arm_of(trial, rig.vault.pseudonym(number), trial.traffic) == arm:
            yield number


def some(rig: Rig, trial: Trial, arm: str, n: int) -> list[str]:
    """So many numbers of an arm."""
    return list(islice(numbers(rig, trial, arm), n))


def text(rig: Rig, number: str, body: str = "CXYE", traffic: str = "real") -> str:
    """A text of a kind of traffic; the BSS answers at once. Its session."""
    origin = Origin(TEXT, "10086", number, NETWORK, "link", traffic)
    event = TextReceived(rig.now(), body)
    answers = rig.deliver(Delivery(uuid7(rig.now()), "", origin, event, "{}"))
    rig.answer_all()
    return answers.last.session


def call(rig: Rig, number: str, *keys: str, traffic: str = "real") -> Caller:
    """A call of a kind of traffic that presses these keys; the BSS answers at once."""
    caller = rig.call(number, traffic=traffic)
    for key in keys:
        caller.press(key)
        rig.answer_all()
    return caller


def digest_of(rig: Rig, session: str) -> str:
    """The version that a session began on."""
    found: str = rig.ledger._read("SELECT digest FROM sessions WHERE id = ?", (session,))[0][0]
    return found


def served(rig: Rig, number: str) -> str:
    """The version that a new dialogue of a number begins on."""
    return digest_of(rig, text(rig, number))


def marks(rig: Rig) -> list[tuple[str, str]]:
    """Guard and arm of every mark."""
    return sorted((row.guard, row.arm) for row in rig.ledger.rows(TrialMark))


def requests(rig: Rig) -> int:
    """How many requests there are."""
    return len(rig.ledger.rows(records.Request))


def check_trial(ledger: Ledger) -> None:
    """Entries, versions and failures of the running trial are those that the other rows tell."""
    trial = ledger.trial()
    entries = {row.subscriber: row for row in ledger.rows(TrialEntry)}
    if trial is None:
        assert entries == {}
        return
    digests = {CONTROL: trial.control, CANDIDATE: trial.candidate}
    traffic = trial.traffic
    sessions = ledger._read(
        "SELECT id, caller, digest FROM sessions WHERE traffic = ? ORDER BY opened_at, id",
        (traffic,),
    )
    assert {caller for _, caller, _ in sessions} == set(entries)
    for _, caller, digest in sessions:
        entry = entries[caller]
        assert entry.arm == arm_of(trial, caller, traffic)
        assert digest == digests[entry.arm]
    failed = (
        "SELECT caller FROM sessions s JOIN requests r ON r.session = s.id "
        "JOIN closings c ON c.request = r.id WHERE c.outcome = 'failed' UNION "
        "SELECT caller FROM sessions s JOIN call_ends e ON e.session = s.id WHERE e.leaves = 0"
    )
    told_later = (
        "SELECT s.caller, m.reason FROM order_moves m JOIN requests r ON r.id = m.order_id "
        "JOIN sessions s ON s.id = r.session WHERE m.state = 'reconciled'"
    )
    found = {caller for (caller,) in ledger._read(failed)}
    found |= {who for who, word in ledger._read(told_later) if outcome_of(word)[0] == FAILED}
    marked = [row.subscriber for row in ledger.rows(TrialMark) if row.guard == "failure"]
    assert sorted(marked) == sorted(found)
    for row in ledger.rows(TrialMark):
        assert row.arm == entries[row.subscriber].arm
